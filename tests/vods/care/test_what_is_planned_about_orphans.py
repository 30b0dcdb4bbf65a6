"""The plan for what the dead left behind: every combination of facts, and nothing concluded from what is not seen."""

from __future__ import annotations

import itertools

import pytest

from vods.models import WORKING, State, Step
from vods.orphans import (
    DAY,
    HOUR,
    LISTED_MOST,
    Child,
    Do,
    Facts,
    FileRow,
    Held,
    Item,
    Running,
    Session,
    Taken,
    WorkFolder,
    plan,
)


def done(facts: Facts) -> list[tuple[Do, str]]:
    return [(item.do, item.kind) for item in plan(facts)]


def test_nothing_left_behind_is_an_empty_plan() -> None:
    assert plan(Facts()) == []


@pytest.mark.parametrize("state", sorted(WORKING))
@pytest.mark.parametrize("dead", [False, True])
@pytest.mark.parametrize("over", [None, 1.0, 119.0, 121.0, 1e9])
def test_a_vod_is_given_back_when_its_owner_is_gone(state: State, dead: bool, over: float | None) -> None:
    items = plan(Facts(held=(Held(7, "1", state, 3, dead, over),), lease_seconds=120))
    expected = dead or (over is not None and over > 120)
    assert [(item.do, item.key, item.seen) for item in items] == ([(Do.GIVE_BACK, 7, 3)] if expected else [])


@pytest.mark.parametrize(("state", "now"), list(itertools.product(State, [4, 5])))
def test_an_attempt_without_an_end_is_closed_unless_it_is_at_work(state: State, now: int) -> None:
    items = plan(Facts(running=(Running(9, "1", "download", 4, now, state),)))
    at_work = state in WORKING and now == 4
    assert [(item.do, item.key) for item in items] == ([] if at_work else [(Do.CLOSE, 9)])


@pytest.mark.parametrize(("state", "on_youtube", "redo"), list(itertools.product(State, [False, True], [False, True])))
def test_only_the_session_of_a_finished_upload_is_forgotten(state: State, on_youtube: bool, redo: bool) -> None:
    finished = state == State.DONE and on_youtube and not redo
    expected = [(Do.FORGET, "upload session")] if finished else []
    assert done(Facts(sessions=(Session(1, "1", state, on_youtube, redo),))) == expected


@pytest.mark.parametrize(("seconds", "leases"), list(itertools.product([0, HOUR - 1, HOUR + 1], [0, 1])))
def test_a_task_is_dropped_when_the_host_that_took_it_does_nothing(seconds: float, leases: int) -> None:
    expected = [(Do.DROP, "task")] if seconds > HOUR and not leases else []
    assert done(Facts(taken=(Taken(1, "gone", seconds, leases),))) == expected


@pytest.mark.parametrize(("orphan", "locked"), list(itertools.product([False, True], repeat=2)))
def test_an_ffmpeg_is_ended_when_its_parent_is_gone_and_nobody_locks_the_folder(orphan: bool, locked: bool) -> None:
    items = plan(Facts(children=(Child(77, 12.5, "1", orphan, locked),)))
    assert [(item.do, item.key, item.seen) for item in items] == ([(Do.END, 77, 12.5)] if orphan and not locked else [])


@pytest.mark.parametrize("state", [None, *State])
@pytest.mark.parametrize("idle", [0.0, DAY - 1, DAY + 1])
def test_a_work_folder_is_removed_only_when_nobody_can_go_on_with_it(state: State | None, idle: float) -> None:
    for locked, keep, there, knows in itertools.product([False, True], repeat=4):
        check_folder(state, idle, locked=locked, keep=keep, there=there, knows=knows)


def check_folder(state: State | None, idle: float, *, locked: bool, keep: bool, there: bool, knows: bool) -> None:
    folder = WorkFolder("123", 5, idle, locked, state, keep, there)
    items = plan(Facts(folders=(folder,), knows_vods=knows))
    over = (
        (state is None and knows)
        or (state == State.CANCELED and not keep)
        or (state in {State.DONE, State.DOWNLOADED} and there)
    )
    expected = over and not locked and idle > DAY
    assert [(item.do, item.key, item.seen) for item in items] == ([(Do.REMOVE, "123", state)] if expected else [])


@pytest.mark.parametrize(("state", "step"), list(itertools.product(State, Step)))
@pytest.mark.parametrize(("there", "marked"), list(itertools.product([False, True], repeat=2)))
def test_a_row_without_its_file_is_marked_and_unmarked_when_the_file_is_back(
    state: State, step: Step, there: bool, marked: bool
) -> None:
    row = FileRow(4, "1", state, step, "pia/1.mp4", there, folder_there=True, marked=marked)
    expects = state in {State.DONE, State.DOWNLOADED, State.NEEDS_ATTENTION, State.CANCELED}
    expects = expects or (state == State.FAILED and step == Step.UPLOAD)
    expected: list[tuple[Do, str]] = []
    if there and marked:
        expected = [(Do.UNMARK, "row")]
    elif not there and not marked and expects:
        expected = [(Do.MARK, "row")]
    assert done(Facts(files=(row,))) == expected


def test_of_a_folder_that_is_not_there_nothing_is_concluded() -> None:
    rows = [FileRow(n, str(n), State.DONE, Step.DOWNLOAD, f"pia/{n}.mp4", False, False, False) for n in (1, 2)]
    [item] = plan(Facts(files=tuple(rows)))
    assert (item.do, item.what) == (Do.LOOK, "pia")
    assert "2 files" in item.why


def test_without_media_dir_rows_are_still_mended_and_nothing_is_concluded_about_files() -> None:
    facts = Facts(
        held=(Held(1, "1", State.DOWNLOADING, 1, True, None),),
        trouble="MEDIA_DIR is gone.",
        folders=(WorkFolder("1", 1, 9 * DAY, False, None),),
        files=(FileRow(1, "1", State.DONE, Step.DOWNLOAD, "pia/1.mp4", False, True, False),),
        unknown=("x",),
    )
    assert done(facts) == [(Do.GIVE_BACK, "lease"), (Do.LOOK, "folder")]


def test_unknown_files_are_listed_and_a_great_many_are_counted() -> None:
    assert plan(Facts(unknown=("b", "a")))[0] == Item(Do.LOOK, "file", "a", "no VOD has this file; it is left alone")
    many = plan(Facts(unknown=tuple(f"{n:04}" for n in range(LISTED_MOST + 3))))
    assert {item.do for item in many} == {Do.LOOK}
    assert many[-1].what == "3 more"

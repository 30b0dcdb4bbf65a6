"""What Twitch muted is taken with its sound when that is still there, and otherwise recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import FAST, SECONDS, Video, VideoServer, job_for, packets, reply, run

from vods.journal import read
from vods.mediafile import Job, Muted
from vods.partfile import journal_path
from vodtender.http import ErrorKind, ServiceError

MUTED = (3, 4, 8)


def renamed(video: Video, marks: dict[int, str], *, also_served_plain: bool) -> Video:
    """The video as its playlist names it once the segments of `marks` were muted."""
    files = dict(video.files)
    for number, mark in marks.items():
        body = files[f"{number}.ts"] if also_served_plain else files.pop(f"{number}.ts")
        files[f"{number}-muted.ts"] = body
        files["index.m3u8"] = files["index.m3u8"].replace(f"\n{number}.ts".encode(), f"\n{number}{mark}.ts".encode())
    return Video(files)


@pytest.fixture
def muted(serve: Callable[[Video], VideoServer], video: Video) -> VideoServer:
    return serve(renamed(video, dict.fromkeys(MUTED, "-muted"), also_served_plain=False))


def test_what_stays_muted_is_recorded_with_its_place(muted: VideoServer, tmp_path: Path) -> None:
    media = run(job_for(muted, tmp_path))
    assert media.muted == (Muted(pytest.approx(3), pytest.approx(2)), Muted(pytest.approx(8), pytest.approx(1)))
    assert [muted.counts[f"{n}{mark}.ts"] for n in MUTED for mark in ("", "-muted")] == [1] * 6
    assert packets(media.path)["video"] == SECONDS * 25


@pytest.mark.parametrize("mark", ["-muted", "-unmuted"])
def test_the_sound_is_taken_while_it_is_still_there(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Path, mark: str
) -> None:
    server = serve(renamed(video, dict.fromkeys(MUTED, mark), also_served_plain=True))
    media = run(job_for(server, tmp_path))
    assert media.muted == ()
    assert not [name for name in server.asked if "muted" in name]


def test_a_name_that_promises_sound_may_be_muted_all_the_same(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Path
) -> None:
    """Twitch lists `5-unmuted.ts`, refuses it, and has `5-muted.ts`."""
    server = serve(renamed(video, {5: "-unmuted"}, also_served_plain=False))
    server.faults |= {"5.ts": reply(403), "5-unmuted.ts": reply(403)}
    assert run(job_for(server, tmp_path)).muted == (Muted(pytest.approx(5), pytest.approx(1)),)


def test_a_segment_that_was_muted_after_the_playlist_was_read(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Path
) -> None:
    files = renamed(video, {5: "-muted"}, also_served_plain=False).files
    server = serve(Video(files | {"index.m3u8": video.files["index.m3u8"]}))
    assert run(job_for(server, tmp_path)).muted == (Muted(pytest.approx(5), pytest.approx(1)),)


def test_a_muted_segment_that_is_gone_too_is_missing(muted: VideoServer, tmp_path: Path) -> None:
    muted.faults["4-muted.ts"] = reply(404)
    with pytest.raises(ServiceError, match="Segment 4 ") as caught:
        run(job_for(muted, tmp_path))
    assert caught.value.kind is ErrorKind.MISSING_SEGMENT
    assert muted.counts["4-muted.ts"] == FAST.missing_tries


def test_a_server_that_stumbles_over_the_unmuted_name_is_asked_again(muted: VideoServer, tmp_path: Path) -> None:
    muted.faults["3.ts"] = [reply(503), reply(200, muted.video.files["3-muted.ts"])]
    assert run(job_for(muted, tmp_path)).muted == (
        Muted(pytest.approx(4), pytest.approx(1)),
        Muted(pytest.approx(8), pytest.approx(1)),
    )


@pytest.fixture
def half(muted: VideoServer, tmp_path: Path) -> Job:
    """A job that ended after segment 6, with segments 3 and 4 muted."""
    job = job_for(muted, tmp_path)
    muted.faults["7.ts"] = reply(404)
    with pytest.raises(ServiceError):
        run(job)
    muted.faults.clear()
    muted.asked.clear()
    return job


def test_going_on_remembers_what_was_muted(half: Job) -> None:
    contents = read(journal_path(half.part))
    assert contents is not None
    assert [entry.sequence for entry in contents.entries if entry.muted] == [3, 4]
    media = run(half)
    assert media.segments_resumed == 7
    assert [round(part.start) for part in media.muted] == [3, 8]


def test_going_on_does_not_depend_on_what_is_muted_now(half: Job, muted: VideoServer, video: Video) -> None:
    muted.video = renamed(video, {1: "-muted", 9: "-muted"}, also_served_plain=False)
    media = run(half)
    assert media.segments_resumed == 7
    assert [(round(part.start), round(part.duration)) for part in media.muted] == [(3, 2), (9, 1)]


def test_a_finished_file_that_is_recalled_still_knows(muted: VideoServer, tmp_path: Path) -> None:
    job = job_for(muted, tmp_path)
    assert run(job) == run(replace(job, connections=1))

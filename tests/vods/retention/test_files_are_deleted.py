"""Deleting a file keeps the row and its history, and never takes one that somebody uses or that is not ours."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest
from pytest_django import Settings
from retention_cast import Archived

from vods import attempts, leasing, outcome, queue, removal, retention
from vods.attempts import LineKeeper
from vods.finished import MediaFile
from vods.leasing import Stage
from vods.models import Attempt, Redo, State, Vod
from vods.places import work_folder
from vods.retention_plan import Plan
from vods.worklock import work_lock
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def old_files_go(settings: Settings) -> None:
    settings.RETENTION_KEEP_DAYS = 30


def made() -> Plan:
    plan = retention.plan()
    assert plan is not None
    return plan


def counted(name: str) -> float:
    return store.values([name]).get((name, "[]", "value"), 0.0)


def test_without_a_rule_nothing_is_looked_at(archived: Archived, media: Path, settings: Settings) -> None:
    settings.RETENTION_KEEP_DAYS = 0
    vod = archived()
    assert retention.plan() is None
    retention.apply()
    assert (media / vod.file_path).exists()


def test_the_file_goes_and_the_row_stays(archived: Archived, media: Path) -> None:
    old, young = archived(days=40), archived(days=20)
    path = media / old.file_path
    retention.apply()
    assert not path.exists()
    assert (media / young.file_path).exists()
    old.refresh_from_db()
    assert (old.state, old.youtube_id, old.file_path, old.file_host, old.file_size) == ("done", "abc", "", "", None)
    assert old.file_deleted_at is not None
    assert old.file_deleted_by == "its broadcast is older than 30 days"
    assert old.file_to_remove == ""


def test_each_deletion_is_an_attempt_and_is_counted(archived: Archived) -> None:
    vod = archived(size=1234)
    archived(size=66)
    retention.apply()
    attempt = Attempt.objects.get(vod=vod)
    assert (attempt.step, attempt.outcome, attempt.bytes) == ("retention", "succeeded", 1234)
    assert attempt.ended_at is not None
    assert "its broadcast is older than 30 days" in attempt.log
    assert counted("vod_retention_deletions") == 2
    assert counted("vod_retention_deleted_bytes") == 1300


def test_no_work_folder_is_left_behind(archived: Archived) -> None:
    vod = archived()
    retention.apply()
    assert not work_folder(vod.twitch_id).exists()


def test_what_a_canceled_download_left_to_go_on_with_stays(archived: Archived) -> None:
    vod = archived(state=State.CANCELED)
    part = work_folder(vod.twitch_id) / f"{vod.twitch_id}.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(b"half")
    retention.apply()
    vod.refresh_from_db()
    assert vod.file_path == ""
    assert part.read_bytes() == b"half"


@pytest.mark.parametrize("state", sorted(set(State) - {State.DONE, State.SKIPPED, State.CANCELED}))
def test_a_vod_that_is_not_at_rest_keeps_its_file(archived: Archived, media: Path, state: State) -> None:
    vod = archived(state=state)
    retention.apply()
    assert (media / vod.file_path).exists()


def test_dry_run_deletes_nothing(archived: Archived, media: Path, settings: Settings) -> None:
    settings.RETENTION_DRY_RUN = True
    vod = archived()
    retention.apply()
    assert (media / vod.file_path).exists()
    assert not Attempt.objects.exists()


def test_a_vod_that_was_requeued_after_the_plan_keeps_its_file(archived: Archived, media: Path) -> None:
    vod = archived()
    plan = made()
    queue.requeue([vod.pk], stage="verify")
    result = retention.carry_out(plan)
    assert (result.deleted, [twitch_id for twitch_id, _ in result.stayed]) == (0, [vod.twitch_id])
    vod.refresh_from_db()
    assert (media / vod.file_path).exists()
    assert vod.redo == Redo.VERIFY


def test_a_vod_that_lost_its_video_on_youtube_after_the_plan_keeps_its_file(archived: Archived, media: Path) -> None:
    vod = archived()
    plan = made()
    Vod.objects.update(youtube_id="")
    assert retention.carry_out(plan).deleted == 0
    assert (media / vod.file_path).exists()


def test_a_file_whose_work_folder_is_locked_stays(archived: Archived, media: Path) -> None:
    vod = archived()
    with work_lock(work_folder(vod.twitch_id)):
        assert retention.carry_out(made()).deleted == 0
    vod.refresh_from_db()
    assert (media / vod.file_path).exists()
    assert not Attempt.objects.exists()


def test_files_of_another_host_are_not_touched(archived: Archived, media: Path) -> None:
    vod = archived(file_host="elsewhere")
    assert made().decisions == ()
    assert (media / vod.file_path).exists()


@pytest.mark.parametrize("path", ["../outside.mp4", "link.mp4", "folder", "", "gone.mp4"])
def test_only_plain_files_below_media_dir_are_deleted(archived: Archived, media: Path, path: str) -> None:
    outside = media.parent / "outside.mp4"
    outside.write_bytes(b"not ours")
    (media / "link.mp4").symlink_to(outside)
    (media / "folder").mkdir()
    vod = archived()
    Vod.objects.filter(pk=vod.pk).update(file_path=path)
    retention.apply()
    vod.refresh_from_db()
    assert vod.file_path == path
    assert outside.exists()


def test_a_media_dir_that_is_not_there_makes_it_wait(archived: Archived, media: Path) -> None:
    vod = archived()
    media.rename(media.with_name("unmounted"))
    retention.apply()
    vod.refresh_from_db()
    assert vod.file_path
    assert vod.file_deleted_at is None


def test_a_file_that_cannot_be_deleted_stays_in_use_and_says_why(
    archived: Archived, monkeypatch: pytest.MonkeyPatch
) -> None:
    vod = archived()

    def refused(path: Path, **options: bool) -> None:
        raise OSError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "unlink", refused)  # root may delete everything
    retention.apply()
    before = vod.file_path
    vod.refresh_from_db()
    assert (vod.file_path, vod.file_to_remove, vod.file_deleted_at, vod.file_size) == (before, "", None, 1000)
    attempt = Attempt.objects.get(vod=vod)
    assert attempt.outcome == "failed"
    assert "Permission denied" in attempt.error
    assert counted("vod_retention_deletions") == 0


def test_a_deletion_that_was_interrupted_is_finished_by_the_next_run(
    archived: Archived, media: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vod = archived()
    path = media / vod.file_path

    class Killed(BaseException):
        pass

    def die(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(removal, "_unlink", die)
        with pytest.raises(Killed):
            retention.apply()
    vod.refresh_from_db()
    assert (vod.file_path, path.exists()) == ("", True)
    retention.apply()
    vod.refresh_from_db()
    assert (vod.file_to_remove, path.exists()) == ("", False)
    assert list(Attempt.objects.values_list("outcome", "bytes")) == [("succeeded", 1000)]
    assert counted("vod_retention_deletions") == 1


def test_a_download_that_goes_on_meanwhile_keeps_its_new_file(archived: Archived, media: Path) -> None:
    vod = archived()
    Vod.objects.update(file_path="", file_to_remove=vod.file_path, state=State.DOWNLOADING)
    assert removal.finish_left_over() == 0
    assert (media / vod.file_path).exists()


def test_a_new_download_takes_the_note_of_the_deletion_away(archived: Archived, media: Path) -> None:
    vod = archived()
    retention.apply()
    queue.requeue([vod.pk])
    lease = leasing.claim(Stage.DOWNLOAD, limit=1, channels=[vod.channel_id])
    assert lease is not None
    new = MediaFile(media / "pia" / "new.mp4", 7, 30.0, 3, (), 0, "a" * 64)
    outcome.downloaded(outcome.Done(lease, attempts.begin(lease), LineKeeper("x")), new)
    vod.refresh_from_db()
    assert (vod.file_path, vod.file_deleted_at, vod.file_deleted_by) == ("pia/new.mp4", None, "")


def test_a_requeue_downloads_it_again(archived: Archived) -> None:
    vod = archived()
    retention.apply()
    assert queue.requeue([vod.pk], stage="verify") == 0
    assert queue.requeue([vod.pk], stage="upload") == 0
    assert queue.requeue([vod.pk]) == 1
    vod.refresh_from_db()
    assert (vod.state, vod.step, vod.redo) == (State.QUEUED, Stage.DOWNLOAD, Redo.NOTHING)

"""Real rows, folders and processes that somebody left behind, and what `reconcile` makes of them."""

from __future__ import annotations

import fcntl
import os
import re
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from django.core.management import call_command
from django_q.models import OrmQ

from tests import cast
from vods import mending, places
from vods.models import Attempt, State, Vod
from vods.orphans import Do
from vods.owner import Owner, boot_id, host_name, this_process
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db

OLD = (datetime.now(UTC) - timedelta(days=3)).timestamp()


@pytest.fixture
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_DIR = tmp_path / "media"
    settings.MEDIA_DIR.mkdir()
    return Path(settings.MEDIA_DIR)


def did() -> list[tuple[Do, str]]:
    return [(item.do, item.kind) for item, done in mending.mend() if done]


def at_work(owner: str, until: timedelta | None, **fields: Any) -> Vod:
    vod = cast.vod(
        State.DOWNLOADING,
        lease_owner=owner,
        lease_generation=4,
        lease_until=None if until is None else datetime.now(UTC) + until,
        **fields,
    )
    Attempt.objects.create(vod=vod, step="download", generation=4, started_at=datetime.now(UTC), bytes=1000)
    return vod


def dead_owner() -> str:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return str(Owner(host_name(), boot_id(), child.pid, 1))


def work_folder(twitch_id: str, *, old: bool = True) -> Path:
    folder = places.work_folder(twitch_id)
    folder.mkdir(parents=True)
    part = folder / f"{twitch_id}.part"
    part.write_bytes(b"x" * 100)
    (folder / "lock").write_bytes(b"")
    for path in (part, folder / "lock", folder):
        os.utime(path, (OLD, OLD) if old else None)
    return folder


def with_file(media: Path, state: State = State.DONE, **fields: Any) -> Vod:
    vod = cast.vod(state, file_host=host_name(), **fields)
    Vod.objects.filter(pk=vod.pk).update(file_path=f"pia/{vod.twitch_id}.mp4")
    path = media / "pia" / f"{vod.twitch_id}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"video")
    vod.refresh_from_db()
    return vod


@pytest.mark.parametrize("until", [timedelta(seconds=60), timedelta(seconds=-900), None])
def test_what_a_dead_process_held_waits_again_and_its_attempt_has_an_end(media: Path, until: timedelta | None) -> None:
    owner = dead_owner() if until and until > timedelta() else "elsewhere|boot|1|1"
    vod = at_work(owner, until)
    assert did() == [(Do.GIVE_BACK, "lease")]
    vod.refresh_from_db()
    assert (vod.state, vod.lease_owner, vod.lease_until, vod.lease_generation) == (State.QUEUED, "", None, 5)
    assert Attempt.objects.get().outcome == Attempt.Outcome.LOST
    assert did() == []


@pytest.mark.parametrize("owner", ["mine", "elsewhere|boot|1|1"])
def test_what_is_at_work_is_left_alone(media: Path, owner: str) -> None:
    vod = at_work(str(this_process()) if owner == "mine" else owner, timedelta(seconds=60))
    work_folder(vod.twitch_id)
    assert did() == []
    assert Attempt.objects.get().outcome == Attempt.Outcome.RUNNING
    assert places.work_folder(vod.twitch_id).exists()


def test_an_attempt_of_a_vod_that_is_done_gets_its_end_and_its_bytes_are_counted(media: Path) -> None:
    vod = cast.vod(State.DONE, lease_generation=4)
    Attempt.objects.create(vod=vod, step="download", generation=4, started_at=datetime.now(UTC), bytes=1000)
    assert did() == [(Do.CLOSE, "attempt")]
    attempt = Attempt.objects.get()
    assert (attempt.outcome, attempt.ended_at is None) == (Attempt.Outcome.LOST, False)
    assert store.values(["vod_download_bytes"])["vod_download_bytes", "[]", "value"] == 1000


def test_a_vod_that_was_claimed_since_the_plan_is_not_given_back(media: Path) -> None:
    vod = at_work(dead_owner(), timedelta(seconds=60))
    [item] = mending.planned()
    Vod.objects.update(lease_generation=5, lease_owner=str(this_process()))
    assert not mending.ACTS[item.do](item)
    vod.refresh_from_db()
    assert vod.state == State.DOWNLOADING


def test_a_task_that_a_host_took_and_left_is_dropped_and_one_of_a_busy_host_is_not(media: Path, settings: Any) -> None:
    retry = settings.Q_CLUSTER["ALT_CLUSTERS"]["media"]["retry"]
    at_work("busy|boot|1|1", timedelta(seconds=60))
    for host, hours in (("gone", 2), ("busy", 2), ("fresh", 0)):
        lock = datetime.now(UTC) + timedelta(seconds=retry) - timedelta(hours=hours)
        OrmQ.objects.create(key=f"media@{host}", payload="x", lock=lock)
    OrmQ.objects.create(key="media", payload="x", lock=datetime.now(UTC) - timedelta(days=1))
    assert did() == [(Do.DROP, "task")]
    assert set(OrmQ.objects.values_list("key", flat=True)) == {"media@busy", "media@fresh", "media"}


def test_partial_files_of_what_is_over_are_removed(media: Path) -> None:
    finished, canceled = with_file(media), cast.vod(State.CANCELED)
    gone = [work_folder(number) for number in (finished.twitch_id, canceled.twitch_id, "42")]
    kept = [work_folder(cast.vod(state).twitch_id) for state in (State.QUEUED, State.SKIPPED, State.NEEDS_ATTENTION)]
    kept += [work_folder(cast.vod(State.CANCELED, keep_partial=True).twitch_id), work_folder("43", old=False)]
    assert did() == [(Do.REMOVE, "partial file")] * 3
    assert not any(folder.exists() for folder in gone)
    assert all(folder.exists() for folder in kept)


def test_a_locked_folder_stays(media: Path) -> None:
    cast.vod()
    folder = work_folder("42")
    with (folder / "lock").open("r+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert did() == []
    assert did() == [(Do.REMOVE, "partial file")]


def test_a_folder_whose_vod_was_requeued_since_the_plan_stays(media: Path) -> None:
    vod = cast.vod(State.CANCELED)
    folder = work_folder(vod.twitch_id)
    [item] = mending.planned()
    Vod.objects.update(state=State.QUEUED)
    assert not mending.ACTS[item.do](item)
    assert folder.exists()


def test_a_database_without_any_vod_knows_nothing_about_folders(media: Path) -> None:
    folder = work_folder("42")
    assert did() == []
    assert folder.exists()


def test_what_cannot_be_named_is_listed_and_never_touched(media: Path) -> None:
    with_file(media)
    strange = [media / "holiday.mp4", media / "pia" / "7.mp4", media / ".work" / "notes", media / ".work" / "x" / "y"]
    for path in strange:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"mine")
    elsewhere = media.parent / "elsewhere"
    (elsewhere / "1").mkdir(parents=True)
    (media / ".work" / "44").symlink_to(elsewhere)
    items = mending.mend()
    assert {item.what for item, _ in items} == {str(path.relative_to(media)) for path in strange}
    assert {(item.do, done) for item, done in items} == {(Do.LOOK, False)}
    assert all(path.exists() for path in [*strange, elsewhere / "1"])


def test_a_missing_file_is_said_and_unsaid_when_it_is_back(media: Path) -> None:
    vod, _ = with_file(media), with_file(media)
    path = media / vod.file_path
    path.rename(media / "aside.mp4")
    assert (Do.MARK, "row") in did()
    vod.refresh_from_db()
    assert vod.file_missing_at is not None
    assert vod.state == State.DONE
    (media / "aside.mp4").rename(path)
    assert did() == [(Do.UNMARK, "row")]
    vod.refresh_from_db()
    assert vod.file_missing_at is None


@pytest.mark.parametrize("gone", ["pia", "."])
def test_nothing_is_concluded_from_a_folder_that_is_not_there(media: Path, gone: str) -> None:
    with_file(media)
    (media / gone).rename(media.parent / "away")
    assert did() == []
    assert Vod.objects.get().file_missing_at is None


def test_a_file_of_another_host_is_not_missed_here(media: Path) -> None:
    vod = with_file(media)
    Vod.objects.update(file_host="elsewhere")
    (media / vod.file_path).unlink()
    assert did() == []


def test_the_session_of_a_finished_upload_is_forgotten(media: Path) -> None:
    cast.vod(State.DONE, youtube_id="abc", upload_session="sealed")
    kept = cast.vod(State.FAILED, step="upload", upload_session="sealed")
    assert did() == [(Do.FORGET, "upload session")]
    assert list(Vod.objects.exclude(upload_session="").values_list("pk", flat=True)) == [kept.pk]


WRITER = "import sys, time; print(flush=True); time.sleep(100)"


def writer(media: Path, *, orphan: bool) -> psutil.Process:
    """A process that looks like an ffmpeg into a work folder; an orphan's parent has ended."""
    shell = f'exec -a ffmpeg {sys.executable} -c "$0" "file:{media}/.work/42/42.mp4.part"'
    starter = "import subprocess, sys; child = subprocess.Popen(sys.argv[1:]); print(child.pid, flush=True); "
    wait = "" if orphan else "child.wait()"
    command = [sys.executable, "-c", starter + wait, "bash", "-c", shell, WRITER]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    parent.stdout.readline()  # it has become what it looks like
    if orphan:
        parent.wait()
    return child


def lives(process: psutil.Process) -> bool:
    """Pid 1 may be slow to bury its dead."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_an_ffmpeg_whose_parent_is_gone_is_ended_and_one_at_work_is_not(media: Path) -> None:
    orphan, at_work = writer(media, orphan=True), writer(media, orphan=False)
    try:
        if orphan.ppid() != 1:
            pytest.skip("orphans go to another process than pid 1 here")
        assert did() == [(Do.END, "child")]
        limit = time.monotonic() + 30
        while lives(orphan):
            assert time.monotonic() < limit
        assert lives(at_work)
    finally:
        for process in (orphan, at_work):
            if lives(process):
                process.kill()


def test_a_dry_run_prints_the_plan_and_changes_nothing(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vod = at_work(dead_owner(), timedelta(seconds=60))
    folder = work_folder("42")
    (media / "odd\x1b[31mname").write_bytes(b"")
    call_command("reconcile", "--dry-run")
    told = capsys.readouterr().out
    lines = told.splitlines()
    assert lines[0].split() == ["DO", "KIND", "WHAT", "WHY"]
    assert re.split("  +", lines[1])[:3] == ["give back", "lease", f"VOD {vod.twitch_id} (downloading)"]
    assert "\x1b" not in told
    assert lines[-1] == "Nothing was changed. Without --dry-run it is done."
    vod.refresh_from_db()
    assert (vod.state, folder.exists()) == (State.DOWNLOADING, True)


def test_the_command_says_what_it_did(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("reconcile")
    assert capsys.readouterr().out == "Nothing was left behind.\n"
    at_work(dead_owner(), timedelta(seconds=60))
    call_command("reconcile")
    assert capsys.readouterr().out.splitlines()[1].endswith("done")

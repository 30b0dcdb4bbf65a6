"""A MEDIA_DIR that is gone, not mounted, read-only or silent is told apart, and nobody waits for one that hangs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vods import mediadir
from vods.mediadir import Condition, Look, Watch, look, note


@pytest.fixture
def media(tmp_path: Path) -> Path:
    folder = tmp_path / "media"
    (folder / ".work").mkdir(parents=True)
    return folder


def seen(media: Path) -> Condition:
    return look(media, media.parent).condition


def test_a_folder_that_was_never_used_may_be_missing_or_empty(media: Path) -> None:
    (media / ".work").rmdir()
    assert seen(media) is Condition.OK
    media.rmdir()
    assert seen(media) is Condition.OK


def test_a_folder_that_was_used_is_missed(media: Path) -> None:
    note(media, media.parent)
    assert seen(media) is Condition.OK
    media.rename(media.parent / "away")
    assert seen(media) is Condition.MISSING
    media.mkdir()  # as an empty mount point
    assert "Is its disk mounted?" in look(media, media.parent).text
    (media / ".work").mkdir()
    assert seen(media) is Condition.OK


def test_another_folder_may_be_chosen(media: Path) -> None:
    note(media, media.parent)
    assert look(media.parent / "new", media.parent).condition is Condition.OK


def test_what_is_no_folder_is_missing(media: Path) -> None:
    assert seen(media.parent / "media-dir") is Condition.OK
    (media.parent / "file").write_bytes(b"")
    assert seen(media.parent / "file") is Condition.MISSING


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="mounts read-only")
def test_a_read_only_file_system_is_seen(media: Path) -> None:
    shell = f'mount -t tmpfs -o ro none {media} && exec "$@"'
    code = "import pathlib, sys, vods.mediadir as m; f = pathlib.Path(sys.argv[1]); print(m.look(f, f).condition)"
    command = ["unshare", "-m", "sh", "-c", shell, "sh", sys.executable, "-c", code, str(media)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=Path(mediadir.__file__).parents[1])
    if "mount" in done.stderr:
        pytest.skip("this machine does not let us mount")
    assert done.stdout == "read_only\n"


class Hung:
    """A folder that does not answer until `free` is set."""

    def __init__(self) -> None:
        self.free, self.looks = threading.Event(), 0

    def __call__(self, media_dir: Path, data_dir: Path) -> Look:
        self.looks += 1
        assert self.free.wait(60)
        return Look(Condition.OK)


@pytest.fixture
def hung(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hung]:
    folder = Hung()
    monkeypatch.setattr(mediadir, "look", folder)
    yield folder
    folder.free.set()


def test_nobody_waits_for_a_folder_that_hangs_and_one_thread_hangs_with_it(
    media: Path, hung: Hung, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Watch, "SILENT_SECONDS", 0.05)
    monkeypatch.setattr(Watch, "WAIT_SECONDS", 0.1)
    watch = Watch()
    began = time.monotonic()
    answers = [watch.latest(media, media.parent).condition for _ in range(50)]
    assert time.monotonic() - began < 30
    assert answers == [Condition.NO_ANSWER] * 50
    assert hung.looks == 1
    hung.free.set()
    limit = time.monotonic() + 30
    while watch.latest(media, media.parent).condition is not Condition.OK:
        assert time.monotonic() < limit


def test_the_answer_is_kept_for_some_seconds(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Watch, "WAIT_SECONDS", 30.0)
    monkeypatch.setattr(Watch, "FRESH_SECONDS", 1000.0)
    watch = Watch()
    note(media, media.parent)
    assert watch.latest(media, media.parent).condition is Condition.OK
    media.rename(media.parent / "away")
    assert watch.latest(media, media.parent).condition is Condition.OK
    monkeypatch.setattr(Watch, "FRESH_SECONDS", 0.0)
    assert watch.latest(media, media.parent).condition is Condition.MISSING

"""Whatever a crash leaves, the next try makes the exact file and fetches nothing again that is surely here."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import SECONDS, VideoServer, eventually, packets, reply, run, start_child

from vods.journal import read
from vods.mediafile import Job
from vods.partfile import journal_path
from vodtender.http import ServiceError


def journalled(job: Job) -> set[str]:
    contents = read(journal_path(job.part))
    return {entry.name for entry in contents.entries} if contents else set()


@pytest.mark.parametrize("moment", [0, 1, 4, 9])
def test_kill_9_costs_nothing_that_is_journalled(job: Job, server: VideoServer, moment: int) -> None:
    server.delay = 0.25
    child = start_child(replace(job, connections=1, most_connections=1))
    eventually(lambda: len(journalled(job)) >= moment and "0.ts" in server.asked)
    child.kill()
    child.communicate()
    kept = journalled(job)
    assert moment <= len(kept) < SECONDS
    server.asked.clear()
    server.delay = 0.0
    media = run(job)
    assert not kept & set(server.asked)
    assert media.segments_resumed == len(kept)
    assert packets(media.path)["video"] == SECONDS * 25


def test_killed_again_and_again_it_still_ends(job: Job, server: VideoServer) -> None:
    server.delay = 0.1
    for goal in (2, 5, 8):
        child = start_child(replace(job, connections=2, most_connections=2))
        eventually(lambda goal=goal: len(journalled(job)) >= goal)  # type: ignore[misc]
        child.kill()
        child.communicate()
    assert packets(run(job).path)["video"] == SECONDS * 25
    assert sum(server.counts[name] for name in server.video.segments) < SECONDS * 2


def test_ffmpeg_ends_with_us(job: Job, server: VideoServer) -> None:
    server.delay = 0.25
    child = start_child(job)
    eventually(lambda: journalled(job) and children_of(child.pid))
    ffmpeg = children_of(child.pid)
    child.kill()
    child.communicate()
    eventually(lambda: not any(alive(pid) for pid in ffmpeg), 5.0)


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task")
    return [int(child) for task in tasks.iterdir() for child in (task / "children").read_text().split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def half(job: Job, server: VideoServer) -> Job:
    """A job that ended after seven segments were journalled."""
    server.faults["7.ts"] = reply(404)
    with pytest.raises(ServiceError):
        run(job)
    server.faults.clear()
    server.asked.clear()
    assert len(journalled(job)) == 7
    return job


def cut(path: Path, count: int) -> None:
    path.write_bytes(path.read_bytes()[:-count])


def garble(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 0xFF
    path.write_bytes(data)


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


DAMAGE: dict[str, tuple[Callable[[Path, Path], None], int]] = {
    "none": (lambda part, journal: None, 7),
    "bytes after the journal's end": (lambda part, journal: append(part, b"x" * 5000), 7),
    "a torn journal line": (lambda part, journal: cut(journal, 5), 6),
    "half a journal line more": (lambda part, journal: append(journal, b"0badc0de [7,"), 7),
    "a line of zeros, as after a power loss": (lambda part, journal: append(journal, b"\0" * 60 + b"\n"), 7),
    "a garbled journal line": (lambda part, journal: garble(journal, journal.stat().st_size - 10), 6),
    "a garbled header": (lambda part, journal: garble(journal, 12), 0),
    "an empty journal": (lambda part, journal: journal.write_bytes(b""), 0),
    "no journal": (lambda part, journal: journal.unlink(), 0),
    "a journal of another version": (lambda part, journal: journal.write_text("hello\n"), 0),
    "a part cut by one byte": (lambda part, journal: cut(part, 1), 6),
    "an empty part": (lambda part, journal: part.write_bytes(b""), 0),
    "no part": (lambda part, journal: part.unlink(), 0),
    "a garbled last segment": (lambda part, journal: garble(part, part.stat().st_size - 1), 6),
    "a garbled first byte": (lambda part, journal: garble(part, 0), 0),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_only_what_is_intact_is_kept(half: Job, server: VideoServer, name: str) -> None:
    damage, kept = DAMAGE[name]
    damage(half.part, journal_path(half.part))
    media = run(half)
    assert media.segments_resumed == kept
    assert sorted(server.asked) == sorted(["index.m3u8", *server.video.segments[kept:]])
    assert packets(media.path)["video"] == SECONDS * 25


def test_a_new_host_and_token_change_nothing(half: Job, server: VideoServer) -> None:
    media = run(replace(half, playlist_url=server.url.replace("127.0.0.1", "localhost") + "?token=new"))
    assert media.segments_resumed == 7


@pytest.mark.parametrize("old", ["0.ts", "6.ts"])
def test_a_changed_playlist_is_never_mixed_with_the_old_one(half: Job, server: VideoServer, old: str) -> None:
    files = dict(server.video.files)
    files["index.m3u8"] = files["index.m3u8"].replace(f"\n{old}\n".encode(), b"\nnew-muted.ts\n")
    files["new-muted.ts"] = files.pop(old)
    server.video = replace(server.video, files=files)
    assert run(half).segments_resumed == 0


def test_another_quality_is_never_mixed_with_the_old_one(half: Job) -> None:
    assert run(replace(half, quality="480p")).segments_resumed == 0


def test_another_vods_part_file_is_not_taken(half: Job) -> None:
    other = replace(half, twitch_id="2002")
    shutil.copy(half.part, other.part)
    shutil.copy(journal_path(half.part), journal_path(other.part))
    assert run(other).segments_resumed == 0

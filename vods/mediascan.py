"""Looks through MEDIA_DIR: what is there, by names alone. It changes nothing."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from vods import worklock

WORK = ".work"
PROBE = ".write-probe-"  # made and removed at a start
_ID = re.compile(r"[0-9]{1,20}")
_MADE = re.compile(r"file:(?P<folder>.*/\.work/(?P<id>[0-9]{1,20}))/[^/]+\.mp4\.part")


@dataclass(frozen=True)
class Folder:
    """A VOD's work folder: bytes in it, seconds since its last write, the pid that locks it (None: nobody)."""

    twitch_id: str
    size: int
    idle: float
    holder: int | None


@dataclass
class Scan:
    """Paths are relative to MEDIA_DIR, with `/`. `folders` are those that could be looked into."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    work: list[Folder] = field(default_factory=list)


def scan(media_dir: Path) -> Scan:
    """Everything below MEDIA_DIR. Raises OSError when MEDIA_DIR itself cannot be read. Links are not followed."""
    found = Scan()
    waiting = [""]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(media_dir / folder))
        except OSError:
            if not folder:
                raise
            continue  # what cannot be looked into says nothing
        found.folders.add(folder)
        for entry in entries:
            path = f"{folder}/{entry.name}" if folder else entry.name
            is_folder = entry.is_dir(follow_symlinks=False)
            if folder == WORK and is_folder and _ID.fullmatch(entry.name):
                found.work.append(look(media_dir / path))
            elif is_folder or entry.is_dir():
                waiting += [path] if is_folder else []
            elif not (folder == "" and entry.name.startswith(PROBE)):
                found.files.add(path)
    return found


def look(folder: Path) -> Folder:
    """The work folder as it is now. Files that vanish meanwhile are not counted."""
    size, newest = 0, 0.0
    for path in (folder, *folder.rglob("*")):
        try:
            facts = path.lstat()
        except OSError:
            continue
        size += 0 if path == folder or path.is_dir() else facts.st_size
        newest = max(newest, facts.st_mtime)
    try:
        holder = worklock.holder(folder)
    except OSError:
        holder = 0  # what cannot be asked is not free
    return Folder(folder.name, size, max(0.0, time.time() - newest), holder)


@dataclass(frozen=True)
class Writer:
    """An ffmpeg of this user that writes into a work folder. `orphan`: the process that started it is gone."""

    pid: int
    started: float
    twitch_id: str
    orphan: bool


def writers(media_dir: Path) -> list[Writer]:
    """Every ffmpeg that writes a `.mp4.part` below MEDIA_DIR/.work on this machine."""
    found = []
    for process in psutil.process_iter(["pid", "ppid", "name", "cmdline", "create_time", "uids"]):
        facts = process.info
        arguments = facts["cmdline"] or []
        made = _MADE.fullmatch(arguments[-1]) if arguments else None
        if made is None or Path(made["folder"]).parent != media_dir / WORK or "ffmpeg" not in arguments[0]:
            continue
        if facts["uids"] is not None and facts["uids"].real == os.getuid():
            found.append(Writer(facts["pid"], facts["create_time"], made["id"], facts["ppid"] == 1))
    return found

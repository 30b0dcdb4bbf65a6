"""What is left of a download when its file is complete: enough to recognise it after a crash, without fetching again.

`finished.json` is on the disk before the rename that publishes the file, and stays until the caller has noted the file
(`mediafile.discard`). `failed.json` remembers why the last verification failed.
"""

from __future__ import annotations

import json
import os
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vods.sync import sync_file
from vods.verify import Gap, sha256_of

NAME = "finished.json"
FAILED = "failed.json"


@dataclass(frozen=True)
class Muted:
    """A part of the video without (all of) its sound, in seconds."""

    start: float
    duration: float


@dataclass(frozen=True)
class MediaFile:
    """A complete video. Size in bytes, duration in seconds; `gaps` are what the operator accepted to be missing.

    `muted` is where Twitch took (some of) the sound away; `quality` is the rendition's name at Twitch, e.g. 1080p60.
    """

    path: Path
    size: int
    duration: float
    segments: int
    gaps: tuple[Gap, ...]
    segments_resumed: int
    sha256: str
    muted: tuple[Muted, ...] = ()
    quality: str = ""


def remember(folder: Path, media: MediaFile) -> None:
    """Note the finished file, durably."""
    facts = asdict(media)
    facts["path"] = media.path.name
    write_durably(folder / NAME, facts)


def recall(
    folder: Path, target: Path, candidates: tuple[Path, ...], stop: threading.Event
) -> tuple[MediaFile, Path] | None:
    """The finished file noted in `folder`, as it will be at `target`, and which of `candidates` it is now."""
    facts = read_facts(folder / NAME)
    try:
        gaps = tuple(Gap(**gap) for gap in facts.pop("gaps"))
        muted = tuple(Muted(**part) for part in facts.pop("muted", ()))
        media = MediaFile(**(facts | {"path": target, "gaps": gaps, "muted": muted}))
    except (KeyError, TypeError):
        return None
    for path in candidates:
        if path.is_file() and path.stat().st_size == media.size and sha256_of(path, stop) == media.sha256:
            return media, path
    return None


def forget(folder: Path) -> None:
    (folder / NAME).unlink(missing_ok=True)


def failed_before(folder: Path, why: str) -> bool:
    """Whether the last verification failed for the same reason; remembers this one."""
    again = read_facts(folder / FAILED).get("why") == why
    write_durably(folder / FAILED, {"why": why})
    return again


def read_facts(path: Path) -> dict[str, Any]:
    """The JSON object in the file; empty when there is none that can be read."""
    try:
        facts = json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return facts if isinstance(facts, dict) else {}


def write_durably(path: Path, facts: dict[str, Any]) -> None:
    """Replace the file in one step and bring it to the disk."""
    temporary = path.with_name(path.name + ".new")
    with temporary.open("w") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    temporary.rename(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring renames in the folder to the disk."""
    sync_file(folder)

"""Takes video files of other programs over: each becomes the file of its VOD, without a copy.

1. Which VOD it is (filenames.py), and that it is not known with a file, at work, or another channel's.
2. Its index is read: duration, gaps, whether all its bytes are there. It is hashed and brought to the disk.
3. Under the lock of the VOD's work folder and in one transaction: the row, then the hard link at the product's own
   name. What fails takes both back. A file that is moved loses its old name after the commit.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction

from vods import finished, verify
from vods.dbclock import DbNow
from vods.ffmpeg import Unplayable
from vods.filenames import Described, NotKnown, comparable, date_and_title, id_in_name, told_beside
from vods.models import WORKING, Channel, Chapter, Redo, State, Vod
from vods.mp4 import list_streams
from vods.owner import host_name
from vods.places import clear_work, video_file, work_folder
from vods.transitions import move
from vods.verify import Expectation, Verified
from vods.worklock import work_lock
from vodtender.http import ServiceError

log = logging.getLogger(__name__)

VIDEOS = frozenset({".mp4", ".m4v", ".mkv", ".ts", ".webm", ".mov", ".flv"})
SLACK_SECONDS = 10.0  # the length that others note is rounded, and cut a little at the end
SEGMENT_SECONDS = 10.0
DAY = timedelta(days=1)  # the date in a name is in whatever time zone


class Refused(Exception):
    """This file cannot be imported. The text says why."""


class Known(Refused):
    """It is known already, and left alone."""


@dataclass(frozen=True)
class Imported:
    """One file, and what became of it (or would, in a dry run). `note` for a person, "" when all is plain."""

    path: Path
    outcome: str
    twitch_id: str = ""
    duration: float | None = None
    note: str = ""


IMPORTED, KNOWN, REFUSED = "imported", "known", "refused"


@dataclass(frozen=True)
class _Plan:
    """One file that can be imported. `facts`: what a new row says of the VOD; empty when it is known."""

    path: Path
    target: Path
    channel: Channel
    described: Described
    vod: Vod | None
    found: Verified
    facts: dict[str, Any]


def import_folder(folder: Path, channel: Channel, *, move_files: bool = False, dry: bool = False) -> Iterator[Imported]:
    """Every video file below the folder, by name. `dry`: nothing is changed, and nothing hashed."""
    seen: set[str] = set()
    for path in _videos(folder):
        twitch_id = ""
        try:
            described = _described(path, channel)
            twitch_id = described.twitch_id
            if dry and twitch_id in seen:
                raise Known("another file of it comes before this one")
            yield _import(path, described, channel, move_files, dry)
            seen.add(twitch_id)
        except Known as known:
            yield Imported(path, KNOWN, twitch_id, note=str(known))
        except (Refused, NotKnown, Unplayable) as refused:
            yield Imported(path, REFUSED, twitch_id, note=str(refused))
        except ServiceError as error:
            yield Imported(path, REFUSED, twitch_id, note=error.message)
        except OSError as error:
            yield Imported(path, REFUSED, twitch_id, note=error.strerror or str(error))


def _videos(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            path = Path(here, name)
            if path.suffix.lower() in VIDEOS and not name.startswith(".") and not path.is_symlink():
                yield path


def _described(path: Path, channel: Channel) -> Described:
    described = told_beside(path) or Described(_by_title(path.stem, channel) or id_in_name(path.stem))
    if described.login and described.login != channel.login:
        raise Refused(f"it is a video of {described.login}, not of {channel.login}")
    return described


def _by_title(stem: str, channel: Channel) -> str:
    """The id of the one known VOD that a name of date and title means; "" when there is none, or more."""
    if (found := date_and_title(stem)) is None:
        return ""
    day, title = datetime.combine(found[0], time(), UTC), comparable(found[1])
    around = Vod.objects.filter(channel=channel, started_at__gte=day - DAY, started_at__lt=day + 2 * DAY)
    ids = [vod.twitch_id for vod in around if title and comparable(vod.title) == title]
    return ids[0] if len(ids) == 1 else ""


def _import(path: Path, described: Described, channel: Channel, move_files: bool, dry: bool) -> Imported:
    vod = Vod.objects.filter(twitch_id=described.twitch_id).first()
    target = video_file(channel.login, described.twitch_id)
    _check_row(vod, channel)
    _check_place(path, target)
    if path.suffix.lower() != ".mp4":
        raise Refused("it is no MP4 file: ffmpeg -i FILE -c copy FILE.mp4 makes one of it, without loss")
    found = _read(path, described, vod, hashed=not dry)
    facts, note = _facts(path, described, vod, found)
    if not dry:
        _take(_Plan(path, target, channel, described, vod, found, facts), move_files)
        log.info("The file of VOD %s was imported.", described.twitch_id)
    return Imported(path, IMPORTED, described.twitch_id, found.duration, note)


def _check_row(vod: Vod | None, channel: Channel) -> None:
    if vod is None:
        return
    if vod.channel_id != channel.pk:
        raise Refused(f"VOD {vod.twitch_id} is one of {vod.channel.login}")
    if vod.file_path:
        raise Known("it has a file already")
    if vod.state in WORKING:
        raise Known("it is being downloaded just now")
    if vod.live:
        raise Known("its broadcast still runs")


def _check_place(path: Path, target: Path) -> None:
    if target.exists() and not target.samefile(path):
        raise Refused(f"there is another file at {target} that no VOD has")
    folder = next(folder for folder in target.parents if folder.exists())
    if path.stat().st_dev != folder.stat().st_dev:
        raise Refused(f"it lies on another file system than MEDIA_DIR: copy it to {settings.MEDIA_DIR} first")


def _read(path: Path, described: Described, vod: Vod | None, *, hashed: bool) -> Verified:
    """What its index says. A hole in it is noted as a gap; too short a file is refused. Raises Unplayable, Refused."""
    streams = list_streams(path, 2.0)
    length = max((stream.end * stream.tick for stream in streams), default=0.0)
    expected = Expectation(length, int(length / SEGMENT_SECONDS), SEGMENT_SECONDS, accept_gap=True)
    gaps = verify.check(streams, expected)
    promised = described.duration or (vod.duration if vod is not None and not vod.live else 0.0)
    if length < promised - SLACK_SECONDS:
        raise Refused(f"it ends at {verify.clock(length)} and the VOD is {verify.clock(promised)} long")
    if not hashed:
        return Verified(length, {}, gaps, "")
    return verify.verify(path, expected, threading.Event())


def _facts(path: Path, described: Described, vod: Vod | None, found: Verified) -> tuple[dict[str, Any], str]:
    """What a new row says of the VOD, and what to tell a person of it."""
    if vod is not None:
        return {}, "tied to the known VOD"
    started_at, note = described.started_at, ""
    if started_at is None:
        # Inexact, but the best there is: a file is finished after its broadcast. Twitch's own time replaces it later.
        changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        started_at = changed - timedelta(seconds=found.duration)
        note = f"its start is a guess from the file's date: {started_at:%Y-%m-%d}"
    title = described.title or path.stem
    title = "".join(character for character in title if character.isprintable())[:500]
    return {"title": title, "started_at": started_at, "duration": described.duration or found.duration}, note


def _take(plan: _Plan, move_files: bool) -> None:
    """The row and the new name, or neither."""
    folder, target = work_folder(plan.described.twitch_id), plan.target
    fresh, there, done = not folder.exists(), target.exists(), False
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with work_lock(folder), transaction.atomic():
            vod = _write(plan)
            if not vod.chapters.exists():
                Chapter.objects.bulk_create(_chapters(vod, plan.described))
            if not there:
                _link(plan.path, target)
            finished.sync_folder(target.parent)
        done = True
    finally:
        if not done and not there:
            target.unlink(missing_ok=True)
        if done or fresh:
            clear_work(plan.described.twitch_id)
    if move_files and plan.path != target:
        plan.path.unlink()


def _write(plan: _Plan) -> Vod:
    """The row. Raises Known when somebody else was first."""
    size = plan.path.stat().st_size
    file = {
        "file_path": plan.target.relative_to(settings.MEDIA_DIR).as_posix(),
        "file_host": host_name(),
        "file_size": size,
        "file_sha256": plan.found.sha256,
        "bytes_done": size,
        "bytes_total": size,
        "gaps": [{"start": gap.start, "duration": gap.duration} for gap in plan.found.gaps],
        "skip_upload": True,
        "done_at": DbNow(),
    }
    if plan.vod is not None:
        row = Vod.objects.filter(pk=plan.vod.pk, file_path="", lease_generation=plan.vod.lease_generation)
        cleared = {"attempts": 0, "not_before": None, "error": "", "error_kind": "", "redo": Redo.NOTHING}
        if not move(row, State.DONE, **file, **cleared):
            raise Known("it is being downloaded just now")
        return plan.vod
    fresh = {"channel": plan.channel, "state": State.DONE, "state_changed_at": DbNow()}
    try:
        with transaction.atomic():
            return Vod.objects.create(twitch_id=plan.described.twitch_id, **fresh, **plan.facts, **file)
    except IntegrityError:
        raise Known("it was found at Twitch just now: import it again") from None


def _link(path: Path, target: Path) -> None:
    try:
        target.hardlink_to(path)
    except OSError as error:
        if error.errno in {errno.EPERM, errno.ENOTSUP, errno.EMLINK, errno.EXDEV}:
            text = f"a hard link to it cannot be made ({error.strerror}): move it to {target}, and import that folder"
            raise Refused(text) from None
        raise


def _chapters(vod: Vod, described: Described) -> list[Chapter]:
    by_start = {start: (title, end) for title, start, end in described.chapters}
    return [Chapter(vod=vod, title=title[:300], start=start, end=end) for start, (title, end) in by_start.items()]

"""A VOD's video from its playlist to a verified file: fetch, remux, verify, publish, each resumable.

1. Lock the work folder. A finished file from before a crash is recognised and only published.
2. Fetch the playlist; open the part file, keeping what is journalled, intact and of the same playlist.
3. Fetch the missing segments in a window, append them in order, journal each; the remux follows the part file.
4. Verify the MP4 against the playlist, hash it, bring it to the disk, note it in finished.json.
5. Ask `may_publish`, rename, bring the folder to the disk, remove the part file and its journal.

finished.json stays until `discard`, which the caller calls when its own record of the file is safe, and before a VOD
that was finished is to be downloaded anew.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vods import finished
from vods.connections import Aborted, Connections
from vods.diskerrors import named_disk_errors
from vods.ffmpeg import Unplayable, ffmpeg_path
from vods.finished import MediaFile
from vods.journal import Header
from vods.partfile import PartFile, journal_path, open_part
from vods.playlist import SERVICE, MediaPlaylist, Segment, parse
from vods.remux import Remux
from vods.segments import Fetcher, Missing, Patience
from vods.stopped import Stopped
from vods.verify import Expectation, Gap, clock, verify
from vods.window import Window
from vods.worklock import work_lock
from vodtender.http import ErrorKind, ServiceError

__all__ = ["Gap", "Job", "MediaFile", "Progress", "Stopped", "discard", "take"]

TS_PACKET = 188
PROGRESS_SECONDS = 0.25


@dataclass(frozen=True)
class Job:
    """What to take and where to. `expected_duration` in seconds, `rate_limit` in bytes a second (0: none).

    `target` lies on the same file system as `work_dir`, which belongs to this VOD alone. `quality` tells part files of
    different qualities apart; `ffmpeg` is FFMPEG_PATH, "" for the system's or the built-in one.
    """

    twitch_id: str
    playlist_url: str
    headers: Mapping[str, str]
    work_dir: Path
    target: Path
    expected_duration: float | None
    connections: int = 8
    accept_gap: bool = False
    rate_limit: int = 0
    quality: str = ""
    ffmpeg: str = ""
    patience: Patience = field(default_factory=Patience)

    @property
    def part(self) -> Path:
        return self.work_dir / f"{self.twitch_id}.part"

    @property
    def remuxed(self) -> Path:
        return self.work_dir / f"{self.twitch_id}.mp4.part"


@dataclass(frozen=True)
class Progress:
    """How far it is. `bytes_total` is an estimate from what is here, None before the first segment."""

    bytes_done: int
    bytes_total: int | None
    segments_done: int
    segments_total: int
    segments_resumed: int


def take(
    job: Job,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
    may_publish: Callable[[], bool],
) -> MediaFile:
    """Download the VOD, or go on with it, and publish it at `job.target`.

    `on_progress` is called from this thread, at most four times a second. `may_publish` is asked immediately before the
    rename. Raises Stopped, and ServiceError: TRANSIENT, RATE_LIMITED, DISK_FULL (going on later keeps what is here),
    MISSING_SEGMENT, INVALID.
    """
    program = ffmpeg_path(job.ffmpeg)
    with named_disk_errors(job.work_dir), work_lock(job.work_dir):
        known = finished.recall(job.work_dir, job.target, (job.target, job.remuxed), stop)
        if known is not None:
            media, where = known
            if where != job.target:
                _publish(job, may_publish)
            _remove_work(job)
            return media
        finished.forget(job.work_dir)
        media = _make(job, program, on_progress, stop)
        _publish(job, may_publish)
        _remove_work(job)
        return media


def discard(job_dir: Path) -> None:
    """Remove a VOD's work folder with all that is kept for resuming. Raises ServiceError when someone works in it."""
    if job_dir.exists():
        with named_disk_errors(job_dir), work_lock(job_dir):
            shutil.rmtree(job_dir)


def _make(job: Job, program: str, on_progress: Callable[[Progress], None], stop: threading.Event) -> MediaFile:
    """Fetch, remux and verify; the file is then complete and durable at `job.remuxed`, and noted in finished.json."""
    try:
        with _connections(job, stop) as (connections, fetcher):
            playlist = _playlist(job, fetcher)
            part, gaps = _fetch_and_remux(job, program, _Fetching(playlist, connections, fetcher, on_progress), stop)
        expected = Expectation(
            playlist.duration,
            len(playlist.segments),
            playlist.target_duration,
            playlist.discontinuities,
            gaps,
            job.accept_gap,
        )
        _sync(job.remuxed)
        verified = verify(program, job.remuxed, expected, stop)
    except Aborted:
        raise Stopped from None
    except Unplayable as wrong:
        raise _verification_failed(job, str(wrong)) from wrong
    media = MediaFile(
        job.target,
        job.remuxed.stat().st_size,
        verified.duration,
        len(playlist.segments) - len(gaps),
        verified.gaps,
        part.resumed,
        verified.sha256,
    )
    finished.remember(job.work_dir, media)
    return media


@dataclass(frozen=True)
class _Fetching:
    """What a fetch works with."""

    playlist: MediaPlaylist
    connections: Connections
    fetcher: Fetcher
    on_progress: Callable[[Progress], None]


@contextmanager
def _connections(job: Job, stop: threading.Event) -> Iterator[tuple[Connections, Fetcher]]:
    """Connections that end when `stop` is set, and at the latest on leaving, with no thread left."""
    connections = Connections(size=job.connections, read_seconds=job.patience.read_seconds)

    def watch() -> None:
        while not connections.aborted.is_set():
            if stop.wait(0.2):
                connections.abort()

    watcher = threading.Thread(target=watch, name="stop-watcher", daemon=True)
    watcher.start()
    try:
        yield connections, Fetcher(connections, job.headers, job.patience, job.rate_limit)
    finally:
        connections.abort()
        watcher.join()
        connections.close()


def _playlist(job: Job, fetcher: Fetcher) -> MediaPlaylist:
    try:
        text = fetcher.fetch(job.playlist_url, "The VOD's playlist")
    except Missing as missing:
        raise _playlist_gone(missing.status) from None
    playlist = parse(text.decode("utf-8", "replace"), job.playlist_url)
    promised = job.expected_duration or 0.0
    # Twitch's own length is rounded and may count a little more than its segments.
    allowed = max(2.0, min(0.05 * promised, 10.0 + 0.001 * promised))
    if playlist.duration < promised - allowed and not job.accept_gap:
        text_ = (
            f"Twitch's playlist ends at {clock(playlist.duration)}, but the VOD is {clock(promised)} long. "
            "It may still be being processed; it is tried again."
        )
        raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text_)
    return playlist


def _fetch_and_remux(
    job: Job, program: str, fetching: _Fetching, stop: threading.Event
) -> tuple[PartFile, tuple[Gap, ...]]:
    playlist = fetching.playlist
    header = Header(job.twitch_id, _variant(job, playlist))
    part = open_part(job.part, header, playlist.pieces, accept_gap=job.accept_gap, stop=stop)
    continuous = job.accept_gap and playlist.discontinuities == 0
    try:
        with Remux(
            program, job.part, job.remuxed, fragmented=playlist.init is not None, continuous=continuous
        ) as remux:
            remux.advance(part.size)
            _fetch_missing(job, fetching, part, remux)
            if len(part.gaps) == len(playlist.segments):
                raise _missing(playlist.segments[0], 404)
            remux.finish(stop)
    finally:
        part.close()
    return part, tuple(Gap(gap.index, gap.start, gap.duration) for gap in part.gaps)


def _fetch_missing(job: Job, fetching: _Fetching, part: PartFile, remux: Remux) -> None:
    fetcher, report = fetching.fetcher, _Reporter(fetching, part)
    check = _is_transport_stream if fetching.playlist.init is None else _is_anything

    def fetch(piece: Segment) -> bytearray:
        return fetcher.fetch(piece.url, f"Segment {piece.index} (at {clock(piece.start)})", check)

    report(force=True)
    aborted = fetching.connections.aborted
    with Window(fetch, part.missing, connections=job.connections, aborted=aborted) as window:
        try:
            for piece, body in window.results():
                if isinstance(body, Missing):
                    _judge_missing(job, fetcher, piece, body)
                    part.append_gap(piece)
                else:
                    part.append(piece, body)
                remux.advance(part.size)
                report()
        finally:
            fetching.connections.abort()  # ends what is in flight, which after the last result is nothing
    report(force=True)


def _judge_missing(job: Job, fetcher: Fetcher, piece: Segment, missing: Missing) -> None:
    """Return when the gap may be noted. A VOD that is gone altogether, or changed, is not a VOD with a gap."""
    now = _playlist(job, fetcher)
    if piece.index >= len(now.segments) or (piece.index >= 0 and now.segments[piece.index].name != piece.name):
        text = f"Twitch changed the VOD's playlist while it was downloaded (segment {piece.index}). It is tried again."
        raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text)
    if piece.index < 0 or not job.accept_gap:
        raise _missing(piece, missing.status)


class _Reporter:
    """Calls `on_progress`, not too often."""

    def __init__(self, fetching: _Fetching, part: PartFile) -> None:
        self._on_progress = fetching.on_progress
        self._playlist = fetching.playlist
        self._part = part
        self._last = 0.0

    def __call__(self, *, force: bool = False) -> None:
        now = time.monotonic()
        if not force and now - self._last < PROGRESS_SECONDS:
            return
        self._last = now
        segments = self._playlist.segments
        done = max(0, len(self._part.entries) - (self._playlist.init is not None))
        seconds = segments[done - 1].start + segments[done - 1].duration if done else 0.0
        size = self._part.size
        total = round(size * self._playlist.duration / seconds) if seconds and size else None
        self._on_progress(Progress(size, total, done, len(segments), self._part.resumed))


def _variant(job: Job, playlist: MediaPlaylist) -> str:
    return job.quality or playlist.folder


def _is_transport_stream(body: bytearray) -> str | None:
    if body[0] == 0x47 and len(body) % TS_PACKET == 0:
        return None
    return "what came is no MPEG transport stream"


def _is_anything(_: bytearray) -> str | None:
    return None


def _missing(piece: Segment, status: int) -> ServiceError:
    text = (
        f"Segment {piece.index} (at {clock(piece.start)} in the video, {piece.duration:.1f} s) is missing at Twitch: "
        f"every try was answered with {status}. Requeue the VOD to try again, or accept the gap to take the rest."
    )
    return ServiceError(SERVICE, ErrorKind.MISSING_SEGMENT, text, status=status)


def _playlist_gone(status: int) -> ServiceError:
    text = f"The VOD's playlist is gone ({status}): its address ran out or the VOD was deleted. It is looked up anew."
    return ServiceError(SERVICE, ErrorKind.TRANSIENT, text, status=status)


def _verification_failed(job: Job, wrong: str) -> ServiceError:
    """Throw the work away, so that the next try is fresh; the same failure twice needs a person."""
    again = finished.failed_before(job.work_dir, wrong)
    for path in (job.remuxed, journal_path(job.part), job.part):
        path.unlink(missing_ok=True)
    if again:
        text = f"The finished file failed its check twice: {wrong}. Requeue the VOD to try again, or accept the gap."
        return ServiceError("verification", ErrorKind.INVALID, text)
    text = f"The finished file failed its check: {wrong}. It is downloaded anew."
    return ServiceError("verification", ErrorKind.TRANSIENT, text)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _publish(job: Job, may_publish: Callable[[], bool]) -> None:
    job.target.parent.mkdir(parents=True, exist_ok=True)
    if not may_publish():
        raise Stopped
    job.remuxed.rename(job.target)
    finished.sync_folder(job.target.parent)
    finished.sync_folder(job.work_dir)


def _remove_work(job: Job) -> None:
    """The journal goes first: without it a part file is nothing."""
    for path in (journal_path(job.part), job.part, job.remuxed, job.work_dir / finished.FAILED):
        path.unlink(missing_ok=True)

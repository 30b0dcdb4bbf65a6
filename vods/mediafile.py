"""A VOD's video from its playlist to a verified file: fetch, remux, verify, publish, each resumable.

1. Lock the work folder. A finished file from before a crash is recognised and only published.
2. Fetch the playlist; open the part file, keeping what is journalled, intact and of the same playlist.
3. Fetch the missing pieces in a window, append them in order, journal each. What is missing on every try is judged by
   `source`, which may ask for a fresh address and go on. With one init section, or none, the remux follows the part
   file; with several, `joins` makes one file for each at the end and joins them.
4. Verify the MP4 against the playlist, hash it, bring it to the disk, note it in finished.json.
5. Ask `may_publish`, rename, bring the folder to the disk, remove the part file and its journal.

finished.json stays until `discard`, which the caller calls when its own record of the file is safe, and before a VOD
that was finished is to be downloaded anew.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from vods import finished
from vods.connections import Aborted
from vods.diskerrors import named_disk_errors
from vods.fetching import Report, fetch_missing
from vods.ffmpeg import Unplayable, ffmpeg_path
from vods.finished import MediaFile, Muted
from vods.job import Job, Progress
from vods.joins import Joined, check_joins, remux_and_join
from vods.journal import Header
from vods.partfile import PartFile, journal_path, open_part
from vods.playlist import MediaPlaylist, Segment, StillGrowing
from vods.ratelimit import bucket_for
from vods.remux import Remux
from vods.source import Source, missing_segment
from vods.stopped import Stopped
from vods.verify import Expectation, Gap, verify
from vods.worklock import work_lock
from vodtender.http import ErrorKind, ServiceError

__all__ = ["Gap", "Job", "MediaFile", "Muted", "Progress", "StillGrowing", "Stopped", "discard", "take"]


def take(
    job: Job,
    *,
    on_progress: Callable[[Progress], None],
    stop: threading.Event,
    may_publish: Callable[[], bool],
) -> MediaFile:
    """Download the VOD, or go on with it, and publish it at `job.target`.

    `on_progress` is called from this thread, after each piece. `may_publish` is asked immediately before the
    rename. Raises Stopped, and ServiceError: TRANSIENT (StillGrowing when the broadcast still runs), RATE_LIMITED,
    DISK_FULL (going on later keeps what is here), MISSING_SEGMENT, INVALID.
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


@dataclass(frozen=True)
class _Made:
    """What a remuxed file was made of. `joined` when there was more than one init section."""

    playlist: MediaPlaylist
    gaps: tuple[Gap, ...]
    muted: tuple[Muted, ...]
    resumed: int
    joined: Joined | None


def _make(job: Job, program: str, on_progress: Callable[[Progress], None], stop: threading.Event) -> MediaFile:
    """Fetch, remux and verify; the file is then complete and durable at `job.remuxed`, and noted in finished.json."""
    try:
        with closing(bucket_for(job.rate_limit, job.rate_folder)) as bucket:
            made = _fetch_and_remux(job, program, Source(job, bucket, stop), on_progress, stop)
        playlist = made.playlist
        expected = Expectation(
            playlist.duration,
            len(playlist.segments),
            playlist.target_duration,
            playlist.discontinuities + playlist.groups - 1,
            made.gaps,
            job.accept_gap,
        )
        verified = verify(job.remuxed, expected, stop)
        if made.joined is not None and not job.accept_gap:
            check_joins(program, job.remuxed, made.joined, stop)
    except Aborted:
        raise Stopped from None
    except Unplayable as wrong:
        raise _verification_failed(job, str(wrong)) from wrong
    media = MediaFile(
        job.target,
        job.remuxed.stat().st_size,
        verified.duration,
        len(playlist.segments) - len(made.gaps),
        verified.gaps,
        made.resumed,
        verified.sha256,
        made.muted,
        job.quality,
    )
    finished.remember(job.work_dir, media)
    return media


def _fetch_and_remux(
    job: Job, program: str, source: Source, on_progress: Callable[[Progress], None], stop: threading.Event
) -> _Made:
    header = Header(job.twitch_id, job.quality or source.playlist.folder)
    pieces = source.playlist.pieces
    part = open_part(job.part, header, pieces, accept_gap=job.accept_gap, stop=stop, beside=job.remuxed)
    with closing(part):
        report = Report(on_progress, source, part)
        joined = None
        if source.playlist.groups == 1:
            _remux_along(job, program, source, part, report, stop)
        else:
            fetch_missing(job, source, part, report)
            _require_any(source.playlist, part)
            joined = remux_and_join(program, part, job.remuxed, stop)
    gaps = tuple(Gap(gap.index, gap.start, gap.duration) for gap in part.gaps)
    return _Made(source.playlist, gaps, merged_muted(part.muted), part.resumed, joined)


def _remux_along(job: Job, program: str, source: Source, part: PartFile, report: Report, stop: threading.Event) -> None:
    playlist = source.playlist
    continuous = job.accept_gap and playlist.discontinuities == 0
    with Remux(program, job.part, job.remuxed, fragmented=playlist.fragmented, continuous=continuous) as remux:
        remux.advance(part.size)
        fetch_missing(job, source, part, report, remux.advance)
        _require_any(source.playlist, part)
        remux.finish(stop)


def _require_any(playlist: MediaPlaylist, part: PartFile) -> None:
    if len(part.gaps) == len(playlist.segments):
        raise missing_segment(playlist.segments[0], 404)


def merged_muted(segments: Sequence[Segment]) -> tuple[Muted, ...]:
    """Where segments without sound lie, neighbours as one."""
    merged: list[Muted] = []
    for index, segment in enumerate(segments):
        follows = index > 0 and segments[index - 1].index == segment.index - 1
        start = merged.pop().start if follows else segment.start
        merged.append(Muted(start, segment.start + segment.duration - start))
    return tuple(merged)


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

"""Where a VOD's pieces come from: its playlist, and what to do when a piece or the playlist itself is gone.

A piece that is missing on every try is judged once:
1. The playlist is read again. When that is gone too, its address ran out: a fresh one is asked for (`Job.renew`).
2. When the piece has another address now, or was refused (403) and a fresh address may help, the download goes on with
   what is in the playlist now, provided that everything here already fits it.
3. Otherwise, or at the second time, the piece is missing for good: a gap, when the operator accepted that.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from vods.connections import Connections
from vods.job import Job
from vods.partfile import PartFile
from vods.playlist import SERVICE, MediaPlaylist, Segment, parse
from vods.ratelimit import TokenBucket
from vods.segments import Fetcher, Missing
from vods.verify import clock
from vodtender.http import ErrorKind, ServiceError

RENEWALS = 2
ADOPTIONS = 8
REFUSED = frozenset({401, 403})


class Source:
    """The playlist of a job, as it is now."""

    def __init__(self, job: Job, bucket: TokenBucket, stop: threading.Event) -> None:
        """Reads the playlist. Raises as `take` does, and Aborted."""
        self._job = job
        self._bucket = bucket
        self._stop = stop
        self._url = job.playlist_url
        self._headers: Mapping[str, str] = job.headers
        self._renewals = 0
        self._adoptions = 0
        self._judged: set[tuple[int, str]] = set()
        self.playlist = self._read()

    @contextmanager
    def connected(self, size: int) -> Iterator[tuple[Connections, Fetcher]]:
        """Connections that end when the stop event is set, and at the latest on leaving, with no thread left."""
        connections = Connections(size=size, read_seconds=self._job.patience.read_seconds)

        def watch() -> None:
            while not connections.aborted.wait(0.1):
                if self._stop.is_set():
                    connections.abort()

        if self._stop.is_set():
            connections.abort()
        watcher = threading.Thread(target=watch, name="stop-watcher", daemon=True)
        watcher.start()
        try:
            yield connections, Fetcher(connections, self._headers, self._job.patience, self._bucket)
        finally:
            connections.abort()
            watcher.join()
            connections.close()

    def lost(self, piece: Segment, missing: Missing, part: PartFile) -> bool:
        """Judge the next piece of `part`, missing on every try: True to go on with a newer playlist, False for a gap.

        Raises ServiceError: MISSING_SEGMENT, TRANSIENT; StillGrowing, Aborted.
        """
        key = (piece.sequence, piece.name)
        again = key in self._judged
        self._judged.add(key)
        renewals = self._renewals
        now = self._read()
        place = len(part.entries)
        moved = place >= len(now.pieces) or now.pieces[place] != piece
        renewed = self._renewals > renewals
        if not (again or moved or renewed) and missing.status in REFUSED and self._renew():
            now, renewed = self._read(), True
        if renewed or (moved and not again):
            self._adopt(now, part)
            return True
        if not part.fits(now.pieces[: place + 1]) or now.pieces[place].name != piece.name:
            raise _changed(piece)
        if piece.is_init or not self._job.accept_gap:
            raise missing_segment(piece, missing.status)
        return False

    def _read(self) -> MediaPlaylist:
        while True:
            try:
                with self.connected(1) as (_, fetcher):
                    text = bytes(fetcher.fetch(self._url, "The VOD's playlist"))
            except Missing as gone:
                if not self._renew():
                    raise _playlist_gone(gone.status) from None
                continue
            playlist = parse(text.decode("utf-8", "replace"), self._url)
            self._require_length(playlist)
            return playlist

    def _renew(self) -> bool:
        """Get a fresh address; False when none can be had any more."""
        if self._job.renew is None or self._renewals >= RENEWALS:
            return False
        self._renewals += 1
        self._url, self._headers = self._job.renew()
        return True

    def _adopt(self, now: MediaPlaylist, part: PartFile) -> None:
        self._adoptions += 1
        same = now.folder == self.playlist.folder and (now.groups > 1) == (self.playlist.groups > 1)
        fits = same and now.fragmented == self.playlist.fragmented and part.fits(now.pieces)
        if not fits or self._adoptions > ADOPTIONS:
            raise _changed(self.playlist.pieces[min(len(part.entries), len(self.playlist.pieces) - 1)])
        self.playlist = now
        part.pieces = now.pieces

    def _require_length(self, playlist: MediaPlaylist) -> None:
        promised = self._job.expected_duration or 0.0
        # Twitch's own length is rounded and may count a little more than its segments.
        allowed = max(2.0, min(0.05 * promised, 10.0 + 0.001 * promised))
        if playlist.duration < promised - allowed and not self._job.accept_gap:
            text = (
                f"Twitch's playlist ends at {clock(playlist.duration)}, but the VOD is {clock(promised)} long. "
                "It may still be being processed; it is tried again."
            )
            raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text)


def missing_segment(piece: Segment, status: int) -> ServiceError:
    """A piece that is missing for good."""
    name = "The init section" if piece.is_init else f"Segment {piece.index}"
    length = "" if piece.is_init else f", {piece.duration:.1f} s"
    text = (
        f"{name} (at {clock(piece.start)} in the video{length}) is missing at Twitch: every try was answered with "
        f"{status}. Requeue the VOD to try again, or accept the gap to take the rest."
    )
    return ServiceError(SERVICE, ErrorKind.MISSING_SEGMENT, text, status=status)


def _playlist_gone(status: int) -> ServiceError:
    text = f"The VOD's playlist is gone ({status}): its address ran out or the VOD was deleted. It is looked up anew."
    return ServiceError(SERVICE, ErrorKind.TRANSIENT, text, status=status)


def _changed(piece: Segment) -> ServiceError:
    text = f"Twitch changed the VOD's playlist while it was downloaded (segment {piece.index}). It is tried again."
    return ServiceError(SERVICE, ErrorKind.TRANSIENT, text)

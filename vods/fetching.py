"""Fetches the missing pieces of a playlist into the part file, in order."""

from __future__ import annotations

from collections.abc import Callable

from vods.job import Job, Progress
from vods.partfile import PartFile
from vods.playlist import Segment
from vods.segments import Fetcher, Missing
from vods.source import Source
from vods.verify import clock
from vods.window import Fetched, Window

TS_PACKET = 188


class Report:
    """Tells `on_progress` how far it is."""

    def __init__(self, on_progress: Callable[[Progress], None], source: Source, part: PartFile) -> None:
        self._on_progress = on_progress
        self._source = source
        self._part = part

    def __call__(self) -> None:
        playlist = self._source.playlist
        done, size = self._part.segments_done, self._part.size
        seconds = playlist.segments[done - 1].start + playlist.segments[done - 1].duration if done else 0.0
        total = round(size * playlist.duration / seconds) if seconds and size else None
        self._on_progress(Progress(size, total, done, len(playlist.segments), self._part.resumed))


def fetch_missing(
    job: Job, source: Source, part: PartFile, report: Report, advance: Callable[[int], None] = lambda _: None
) -> None:
    """Fetch until nothing is missing. `advance` is told the part file's size after each piece.

    Raises ServiceError as `take` does, and Aborted.
    """
    report()
    while part.missing:
        _round(job, source, part, report, advance)
    report()


def _round(job: Job, source: Source, part: PartFile, report: Report, advance: Callable[[int], None]) -> None:
    """Fetch with the playlist as it is known now, until all is here or a newer playlist is to be used."""
    with source.connected(job.most) as (connections, fetcher):
        pieces = _Pieces(fetcher, transport_stream=not source.playlist.fragmented)
        sizes = {"connections": job.connections, "most": job.most}
        with Window(pieces.fetch, part.missing, aborted=connections.aborted, **sizes) as window:
            try:
                for piece, result in window.results():
                    if isinstance(result, Fetched):
                        part.append(piece, result.body, muted=result.muted)
                        fetcher.buffers.give(result.body)
                    elif source.lost(piece, result, part):
                        return
                    else:
                        part.append_gap(piece)
                    advance(part.size)
                    report()
            finally:
                connections.abort()  # ends what is in flight, which after the last result is nothing


class _Pieces:
    """Fetches one piece, with its sound when there is one."""

    def __init__(self, fetcher: Fetcher, *, transport_stream: bool) -> None:
        self._fetcher = fetcher
        self._check = _is_transport_stream if transport_stream else _is_anything

    def fetch(self, piece: Segment) -> Fetched:
        """Raises Missing when it is under none of its names, and what Fetcher.fetch raises."""
        what = f"The init section at {clock(piece.start)}" if piece.is_init else f"Segment {piece.index}"
        what = what if piece.is_init else f"{what} (at {clock(piece.start)})"
        if not piece.listed_muted:
            try:
                return Fetched(self._fetcher.fetch(piece.url, what, self._check))
            except Missing:
                if piece.is_init or (body := self._quick(piece.muted_url, what)) is None:
                    raise
                return Fetched(body, muted=True)  # muted since the playlist was read
        for url in dict.fromkeys((piece.unmuted_url, piece.url)):
            if url != piece.muted_url and (body := self._quick(url, what)) is not None:
                return Fetched(body)
        return Fetched(self._fetcher.fetch(piece.muted_url, what, self._check), muted=True)

    def _quick(self, url: str, what: str) -> memoryview | None:
        """One try for what is probably not there."""
        try:
            return self._fetcher.fetch(url, what, self._check, missing_tries=1)
        except Missing:
            return None


def _is_transport_stream(body: memoryview) -> str | None:
    if body[0] == 0x47 and len(body) % TS_PACKET == 0:
        return None
    return "what came is no MPEG transport stream"


def _is_anything(_: memoryview) -> str | None:
    return None

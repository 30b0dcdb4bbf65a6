"""Is the finished MP4 the whole video?

The time and the place of every packet are read from its index (no ffprobe, no decoding) and compared with the playlist
and the file. Container durations are not trusted: half a file may still report the full length.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vods.ffmpeg import Unplayable
from vods.mp4 import Stream, list_streams
from vods.stopped import Stopped
from vods.sync import sync_file
from vodtender.telemetry import tracing

CHUNK = 1 << 20


@dataclass(frozen=True)
class Gap:
    """A part of the video that is not there, in seconds. `index`: the segment's number, -1 inside segments."""

    index: int
    start: float
    duration: float

    @property
    def end(self) -> float:
        return self.start + self.duration


@dataclass(frozen=True)
class Expectation:
    """What the playlist promises. Seconds."""

    duration: float
    segments: int
    target_duration: float
    discontinuities: int = 0
    gaps: tuple[Gap, ...] = ()
    accept_gap: bool = False

    @property
    def step(self) -> float:
        """The longest step between two packets of a stream that is no gap: less than a lost segment would make."""
        return min(2.0, max(0.5, 0.5 * self.target_duration))

    @property
    def slack(self) -> float:
        """How far durations may differ: rounding of EXTINF, the ends of streams, ffmpeg's joins at discontinuities."""
        return 1.0 + 0.001 * self.segments + 0.5 * self.discontinuities


@dataclass(frozen=True)
class Verified:
    """What was found. `duration` in seconds, `packets` by kind of stream; `gaps` as recorded or accepted."""

    duration: float
    packets: dict[str, int]
    gaps: tuple[Gap, ...]
    sha256: str


def verify(path: Path, expected: Expectation, stop: threading.Event) -> Verified:
    """Check the file, and hash it and bring it to the disk at the same time.

    Raises Unplayable (with what is wrong), Stopped, OSError.
    """
    digest = _Digest(path, stop)
    digest.start()
    try:
        streams = list_streams(path, expected.step)
        gaps = check(streams, expected)
        with tracing.span("fsync"):
            sync_file(path)
    finally:
        with tracing.span("sha256"):  # what is left of it: it ran beside the other checks
            digest.join()
    if digest.result is None:
        raise Stopped
    end = max(stream.end * stream.tick for stream in streams)
    packets = {stream.media: stream.packets for stream in streams}
    return Verified(end, packets, gaps, digest.result)


def sha256_of(path: Path, stop: threading.Event) -> str:
    """The file's SHA-256 in hex. Raises Stopped."""
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            if stop.is_set():
                raise Stopped
            digest.update(data)
    return digest.hexdigest()


class _Digest(threading.Thread):
    """Hashes beside the other checks, while the file is in the page cache."""

    def __init__(self, path: Path, stop: threading.Event) -> None:
        super().__init__(name="sha256", daemon=True)
        self._path = path
        self._stop_event = stop
        self.result: str | None = None

    def run(self) -> None:
        try:
            self.result = sha256_of(self._path, self._stop_event)
        except Stopped:
            self.result = None


def check(streams: Sequence[Stream], expected: Expectation) -> tuple[Gap, ...]:
    """Compare with the playlist and give the gaps. Raises Unplayable with the first thing that is wrong."""
    if not any(stream.packets for stream in streams):
        raise Unplayable("there is no video and no sound in it")
    found: list[Gap] = []
    for stream in streams:
        if not stream.packets:
            raise Unplayable(f"its {stream.media} stream is empty")
        for before, after in _holes(stream, expected):
            if after < before:
                raise Unplayable(f"its {stream.media} goes back in time at {clock(before)}")
            if not _recorded(before, after, expected):
                found.append(Gap(_UNKNOWN, before, after - before))
    if found and not expected.accept_gap:
        worst = max(found, key=lambda gap: gap.duration)
        raise Unplayable(f"{worst.duration:.1f} s are missing at {clock(worst.start)}")
    _check_duration(streams, expected, sum(gap.duration for gap in found))
    return expected.gaps + _merged(found)


_UNKNOWN = -1  # a gap inside a segment has no segment's number


def _holes(stream: Stream, expected: Expectation) -> list[tuple[float, float]]:
    """Jumps inside, a late begin, an early end; (from, to) in seconds."""
    holes = [(before * stream.tick, after * stream.tick) for before, after in stream.jumps]
    if stream.first * stream.tick > expected.step:
        holes.insert(0, (0.0, stream.first * stream.tick))
    return holes


def _recorded(before: float, after: float, expected: Expectation) -> bool:
    """The hole lies within what was given up, closed-up jumps before it allowed for."""
    given_up = 0.0
    for gap in _merged(expected.gaps):
        if gap.start - given_up - expected.slack <= before and after <= gap.end + expected.slack:
            return True
        given_up += gap.duration
    return False


def _check_duration(streams: Sequence[Stream], expected: Expectation, accepted: float) -> None:
    """Both streams reach the end, and the whole is as long as the playlist says, less what was given up."""
    given_up = sum(gap.duration for gap in expected.gaps)
    shortest = expected.duration - given_up - accepted - expected.slack
    for stream in streams:
        end = stream.end * stream.tick
        if end < shortest and not expected.accept_gap:
            raise Unplayable(f"its {stream.media} ends at {clock(end)} and should reach {clock(expected.duration)}")
    longest = max(stream.end * stream.tick for stream in streams)
    if longest > expected.duration + expected.slack:
        raise Unplayable(f"it is {clock(longest)} long and should be {clock(expected.duration)}")
    if longest < shortest:
        raise Unplayable(f"it ends at {clock(longest)} and should reach {clock(expected.duration)}")


def _merged(gaps: Sequence[Gap]) -> tuple[Gap, ...]:
    """Gaps that touch become one."""
    merged: list[Gap] = []
    for gap in sorted(gaps, key=lambda gap: gap.start):
        if merged and gap.start <= merged[-1].end + 0.01:
            last = merged[-1]
            merged[-1] = Gap(last.index, last.start, max(last.end, gap.end) - last.start)
        else:
            merged.append(gap)
    return tuple(merged)


def clock(seconds: float) -> str:
    """A place in the video as h:mm:ss."""
    whole = int(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02}:{whole % 60:02}"

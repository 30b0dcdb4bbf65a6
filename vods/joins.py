"""Videos whose init section changes inside: one MP4 for each stretch that plays with one, joined without re-encoding.

Bytes put one after the other, or ffmpeg's HLS demuxer, make a file with every packet that does not decode after the
first change. ffmpeg's concat demuxer over one file for each init section does, also when the resolution changes: it
carries the parameter sets in the stream. Whether it did is seen by decoding around every join.
"""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vods.ffmpeg import Ffmpeg, Unplayable
from vods.mp4 import Stream, list_streams
from vods.partfile import PartFile, Stretch
from vods.remux import Remux
from vods.stopped import Stopped
from vods.verify import clock

AROUND = 2.0  # seconds decoded on either side of a join
STEP = 2.0
TOUCHES = 0.05  # two stretches with less than this between them (seconds) have no gap there


@dataclass(frozen=True)
class Joined:
    """Where the joins are in the finished file (seconds), and how many packets of each kind it must have."""

    joins: tuple[float, ...]
    packets: dict[str, int]


def remux_and_join(program: str, part: PartFile, target: Path, stop: threading.Event) -> Joined:
    """Make `target` from the complete part file. Raises Unplayable, Stopped, ServiceError, OSError."""
    stretches = [stretch for stretch in part.stretches() if stretch.starts is not None]
    files = [target.with_name(f"{target.name}.{number}") for number in range(len(stretches))]
    script = target.with_name(f"{target.name}.list")
    try:
        for stretch, file in zip(stretches, files, strict=True):
            with Remux(program, part.path, file, fragmented=True, continuous=True, begin=stretch.offset) as remux:
                remux.advance(stretch.end)
                remux.finish(stop)
        lengths = _lengths(stretches, files)
        script.write_text(_script(files, lengths))
        _concat(program, script, target, stop)
        return _joined(files, lengths)
    finally:
        for file in (*files, script):
            file.unlink(missing_ok=True)


def check_joins(program: str, path: Path, joined: Joined, stop: threading.Event) -> None:
    """Raises Unplayable when a packet is missing or a join does not decode; Stopped, ServiceError."""
    there = _packets(list_streams(path, STEP))
    if there != joined.packets:
        raise Unplayable(f"it has {_counted(there)} packets after joining and should have {_counted(joined.packets)}")
    for join in joined.joins:
        try:
            said = _decode(program, path, max(0.0, join - AROUND), join + AROUND, stop)
        except Unplayable as wrong:
            said = str(wrong)
        if said:
            raise Unplayable(f"it does not decode at {clock(join)}, where parts were joined ({said})")


def _decode(program: str, path: Path, begin: float, end: float, stop: threading.Event) -> str:
    """What ffmpeg complains about when it decodes from `begin` to `end` (seconds)."""
    window = ["-ss", f"{begin:.3f}", "-i", f"file:{path}", "-t", f"{end - begin:.3f}"]
    child = Ffmpeg(program, ["-xerror", *window, "-f", "null", "-"], feed=False)
    try:
        _wait(child, path.parent, stop)
        return child.said
    finally:
        child.stop()
        child.close()


def _concat(program: str, script: Path, target: Path, stop: threading.Event) -> None:
    target.unlink(missing_ok=True)
    source = ["-f", "concat", "-safe", "0", "-i", f"file:{script}"]
    child = Ffmpeg(program, [*source, "-map", "0", "-c", "copy", "-f", "mp4", f"file:{target}"], feed=False)
    try:
        _wait(child, target.parent, stop)
    finally:
        child.stop()
        child.close()


def _wait(child: Ffmpeg, folder: Path, stop: threading.Event) -> None:
    while not child.wait(0.1):
        if stop.is_set():
            raise Stopped
    child.check(folder)


def _lengths(stretches: Sequence[Stretch], files: Sequence[Path]) -> list[float | None]:
    """How long each file is to play (seconds) where what follows was given up; None: as long as it is."""
    lengths: list[float | None] = [None] * len(files)
    for number, (stretch, after) in enumerate(itertools.pairwise(stretches)):
        if after.starts is not None and stretch.starts is not None and after.starts - stretch.ends > TOUCHES:
            lengths[number] = after.starts - stretch.starts
    return lengths


def _script(files: Sequence[Path], lengths: Sequence[float | None]) -> str:
    """The concat demuxer's list. Names are ours: digits and dots, beside the list itself."""
    lines = ["ffconcat version 1.0"]
    for file, length in zip(files, lengths, strict=True):
        lines.append(f"file {file.name}")
        lines += [f"duration {length:.6f}"] if length is not None else []
    return "\n".join(lines) + "\n"


def _joined(files: Sequence[Path], lengths: Sequence[float | None]) -> Joined:
    packets: Counter[str] = Counter()
    ends: list[float] = []
    for file, length in zip(files, lengths, strict=True):
        streams = list_streams(file, STEP)
        packets.update(_packets(streams))
        end = max(stream.end * stream.tick for stream in streams)
        ends.append((ends[-1] if ends else 0.0) + (end if length is None else length))
    return Joined(tuple(ends[:-1]), dict(packets))


def _packets(streams: Sequence[Stream]) -> dict[str, int]:
    return {stream.media: stream.packets for stream in streams}


def _counted(packets: dict[str, int]) -> str:
    return ", ".join(f"{count} {media}" for media, count in sorted(packets.items()))

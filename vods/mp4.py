"""The packets of an MP4 file, from its index alone (ISO/IEC 14496-12): when each plays, and that its bytes are there.

Reads a few megabytes a million packets, in pieces, so that memory does not grow with the video's length.
"""

from __future__ import annotations

import os
import struct
import sys
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import mul
from pathlib import Path

from vods.ffmpeg import Unplayable

MEDIA = {"vide": "video", "soun": "audio"}
READ = 1 << 20
MOST_JUMPS = 10_000
_HEAD = struct.Struct(">I4s")


@dataclass
class Stream:
    """One stream's packets. Times in ticks of `tick` seconds, decoding order."""

    media: str
    tick: float
    packets: int = 0
    first: int = 0
    last: int = 0
    end: int = 0
    jumps: list[tuple[int, int]] = field(default_factory=list)  # (dts before, dts after)


@dataclass(frozen=True)
class _Box:
    kind: str
    start: int
    end: int


def list_streams(path: Path, step: float) -> list[Stream]:
    """Every stream with its packets summed up. Jumps are those longer than `step` seconds.

    Raises Unplayable when there is no whole index, or when it names bytes that are not in the file.
    """
    with path.open("rb", buffering=0) as file:
        reader = _Reader(file.fileno())
        top = {box.kind: box for box in reader.boxes(0, os.fstat(file.fileno()).st_size)}
        if "moov" not in top:
            raise Unplayable("it has no index")
        media = top.get("mdat", _Box("mdat", 0, 0))
        inside = list(reader.boxes(top["moov"].start, top["moov"].end))
        tracks = [_Track(reader, box, _scale(reader, inside)) for box in inside if box.kind == "trak"]
        streams = [track.stream(step) for track in tracks]
        if sum(track.check_bytes(media) for track in tracks) > media.end - media.start:
            raise Unplayable("its index names more bytes than it has")
    return streams


def _scale(reader: _Reader, boxes: list[_Box]) -> int:
    for box in boxes:
        if box.kind == "mvhd":
            return reader.number(box.start + (20 if reader.version(box) else 12))
    raise Unplayable("its index has no head")


class _Reader:
    """Reads boxes and tables of numbers from the file."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def bytes(self, start: int, count: int) -> bytes:
        data = os.pread(self._descriptor, count, start)
        if len(data) < count:
            raise Unplayable("it is cut off")
        return data

    def number(self, start: int, size: int = 4) -> int:
        return int.from_bytes(self.bytes(start, size), "big")

    def version(self, box: _Box) -> int:
        return self.number(box.start, 1)

    def boxes(self, start: int, end: int) -> Iterator[_Box]:
        while start < end:
            if end - start < 8:
                raise Unplayable("it is cut off")
            size, kind = _HEAD.unpack(self.bytes(start, 8))
            head = 8
            if size == 1:
                size, head = self.number(start + 8, 8), 16
            elif size == 0:
                size = end - start
            if size < head or start + size > end:
                raise Unplayable("it is cut off")
            yield _Box(kind.decode("latin-1"), start + head, start + size)
            start += size

    def table(self, start: int, count: int, width: str = "I") -> Iterator[array[int]]:
        """`count` big-endian numbers, 4 bytes each or ("Q") 8, some at a time and always an even number of them."""
        size = array(width).itemsize
        left = count * size
        while left:
            numbers = array(width, self.bytes(start, min(left, READ)))
            if sys.byteorder == "little":
                numbers.byteswap()
            yield numbers
            start, left = start + min(left, READ), left - min(left, READ)


class _Track:
    """One track's tables."""

    def __init__(self, reader: _Reader, trak: _Box, movie_scale: int) -> None:
        self._reader = reader
        self._movie_scale = movie_scale
        self._boxes: dict[str, _Box] = {}
        self._open(trak)
        if missing := {"mdhd", "hdlr", "stts", "stsz"} - set(self._boxes):
            raise Unplayable(f"its index has no {sorted(missing)[0]}")
        head = self._boxes["mdhd"]
        self._scale = reader.number(head.start + (20 if reader.version(head) else 12)) or 1

    def _open(self, parent: _Box) -> None:
        for box in self._reader.boxes(parent.start, parent.end):
            self._boxes[box.kind] = box
            if box.kind in {"mdia", "minf", "stbl", "edts"}:
                self._open(box)

    def stream(self, step: float) -> Stream:
        """The track's packets as their times in the table say, moved as the edit list says."""
        kind = self._reader.bytes(self._boxes["hdlr"].start + 8, 4).decode("latin-1")
        stream = Stream(MEDIA.get(kind, kind), 1 / self._scale)
        stream.first = self._shift()
        limit, clock, delta = int(step * self._scale), stream.first, 0
        table = self._boxes["stts"]
        for numbers in self._reader.table(table.start + 8, 2 * self._reader.number(table.start + 4)):
            counts, deltas = numbers[::2], numbers[1::2]
            stream.packets += sum(counts)
            if max(deltas) > limit:
                _find_jumps(stream, clock, limit, counts, deltas)
            clock += sum(map(mul, counts, deltas))
            delta = deltas[-1]
        stream.last = clock - delta
        if stream.jumps and stream.jumps[-1][0] == stream.last:
            stream.jumps.pop()  # the last packet's own length
        # The MP4 stretches the last packet before a jump over it, so a packet's duration says nothing about content.
        stream.end = stream.last + min(delta, limit)
        return stream

    def _shift(self) -> int:
        """How much later than its own clock says the track plays, in ticks: empty edits, less what is left out."""
        box = self._boxes.get("elst")
        if box is None:
            return 0
        wide = 8 if self._reader.version(box) else 4
        shift = 0
        for number in range(self._reader.number(box.start + 4)):
            place = box.start + 8 + number * (2 * wide + 4)
            begin = self._reader.number(place + wide, wide)
            if begin != (1 << 8 * wide) - 1:
                return shift - begin
            shift += round(self._reader.number(place, wide) * self._scale / self._movie_scale)
        return shift

    def check_bytes(self, media: _Box) -> int:
        """How many bytes the track's packets have; Unplayable when there is one that does not lie in `media`."""
        sizes, reader = self._boxes["stsz"], self._reader
        each, count = reader.number(sizes.start + 4), reader.number(sizes.start + 8)
        total = each * count if each else sum(sum(part) for part in reader.table(sizes.start + 12, count))
        for kind, width in (("stco", "I"), ("co64", "Q")):
            if (box := self._boxes.get(kind)) is not None:
                for places in reader.table(box.start + 8, reader.number(box.start + 4), width):
                    if min(places) < media.start or max(places) > media.end:
                        raise Unplayable("its index names bytes that it does not have")
        return total


def _find_jumps(stream: Stream, clock: int, limit: int, counts: array[int], deltas: array[int]) -> None:
    for count, delta in zip(counts, deltas, strict=True):
        if delta > limit:
            if len(stream.jumps) + count > MOST_JUMPS:
                raise Unplayable(f"its {stream.media} is full of holes")
            stream.jumps += [(clock + i * delta, clock + (i + 1) * delta) for i in range(count)]
        clock += count * delta

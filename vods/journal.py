"""The journal of a part file: which segment lies where in it, with a checksum.

Each line is the CRC-32 of its text in hex, a space, and JSON. A line is written with one write, after its segment's
bytes. What a crash tore (no newline, wrong checksum, a gap in the offsets) ends the journal: everything before it
counts, nothing after it. Because each entry carries the checksum of its bytes, an entry that reached the disk before
its bytes did (power loss) is recognised when the part file is checked against it.
"""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

VERSION = 1


@dataclass(frozen=True)
class Header:
    """Whose part file it is. `variant` tells qualities apart, whose segments may bear the same names."""

    video: str
    variant: str
    version: int = VERSION


@dataclass(frozen=True, slots=True)
class Entry:
    """A piece in the part file, or (gap) one that was given up: then its length is 0. Offset and length in bytes.

    `muted`: it came without (all of) its sound.
    """

    sequence: int
    name: str
    offset: int
    length: int
    crc: int
    gap: bool = False
    muted: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True)
class Contents:
    """What a journal says. `ends[i]` is where entry i ends in the journal itself, `start` where the header does."""

    header: Header
    entries: tuple[Entry, ...]
    ends: tuple[int, ...]
    start: int


def read(path: Path) -> Contents | None:
    """The valid beginning of the journal; None when there is no usable header."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    lines = _valid_lines(data)
    first = next(lines, None)
    header = _header(first[0]) if first else None
    if first is None or header is None:
        return None
    entries: list[Entry] = []
    ends: list[int] = []
    for fields, end in lines:
        entry = _entry(fields)
        if entry is None or entry.offset != (entries[-1].end if entries else 0):
            break
        entries.append(entry)
        ends.append(end)
    return Contents(header, tuple(entries), tuple(ends), first[1])


def _valid_lines(data: bytes) -> Iterator[tuple[Any, int]]:
    position = 0
    while (newline := data.find(b"\n", position)) >= 0:
        checksum, _, text = data[position:newline].partition(b" ")
        try:
            if int(checksum, 16) != zlib.crc32(text):
                return
            fields = json.loads(text)
        except ValueError:
            return
        position = newline + 1
        yield fields, position


def _header(fields: Any) -> Header | None:
    try:
        header = Header(**fields)
    except TypeError:
        return None
    return header if header.version == VERSION else None


def _entry(fields: Any) -> Entry | None:
    try:
        return Entry(*fields)
    except TypeError:
        return None


class Journal:
    """A journal that is written to. Not for several threads."""

    def __init__(self, path: Path, header: Header, *, keep: int | None = None) -> None:
        """Start anew with `header`, or with `keep` go on after that many bytes of the journal that is there."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(path, flags, 0o644)
        try:
            os.ftruncate(self._file, keep or 0)
            if keep is None:
                self._write(asdict(header))
        except OSError:
            os.close(self._file)
            raise

    def append(self, entry: Entry) -> None:
        fields: list[object] = [entry.sequence, entry.name, entry.offset, entry.length, entry.crc]
        flags: list[object] = [entry.gap, entry.muted] if entry.gap or entry.muted else []
        self._write(fields + flags)

    @property
    def descriptor(self) -> int:
        """The open file, to be synced."""
        return self._file

    def close(self) -> None:
        os.close(self._file)

    def _write(self, fields: Any) -> None:
        text = json.dumps(fields, separators=(",", ":")).encode()
        write_all(self._file, b"%08x %s\n" % (zlib.crc32(text), text))


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """os.write until all is written: a short write is followed by the error that caused it."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]

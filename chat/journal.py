"""What was read from the chat, on disk before anyone parses it: neither a kill nor an absent database loses a line.

A folder of numbered segments. A record is `<microseconds since 1970> <mark> <text>\\n`, the mark `<` for a line from
the server and `!` for an event of our own (JSON). One process appends; one reader goes behind, in order:

1. `append` writes whole records with one write; a write that fails is cut off again.
2. `read` gives the next records, `advance` says that they are in the database.
3. `tidy` cuts off what was passed: a finished segment is deleted, or cut down to the records that someone still
   wants. The newest segment with records stays, so that a new start knows when the last line was heard.

After a crash everything that is left is read again, some of it for nothing: whoever stores it must know a record seen
before. A torn last record (it has no line end) is passed over.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SEGMENT_BYTES = 1 << 20
SEGMENT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Record:
    """`received` is microseconds since 1970, of no two records the same. `line` has no line end."""

    segment: int
    offset: int
    received: int
    own: bool
    line: bytes

    @property
    def received_ms(self) -> int:
        return self.received // 1000

    @property
    def event(self) -> dict[str, Any]:
        """An event of our own as it was appended; empty for a line from the server."""
        return dict(json.loads(self.line)) if self.own else {}


class Journal:
    """See the module. Appending and reading may happen in two threads. Raises OSError as the disk does."""

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.time) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._clock = clock
        self._lock = threading.Lock()
        self._old = _segments(folder)
        self._received = 0
        self._kept: dict[int, int] = {}
        self._current = (self._old[-1] if self._old else 0) + 1
        self._first = self._current
        self._file = self._open_segment()
        self._size = 0
        self._began = 0.0
        self._segment, self._offset = (self._old[0] if self._old else self._current), 0

    def close(self) -> None:
        with self._lock:
            os.close(self._file)

    def append(self, lines: Iterable[bytes], received: float) -> None:
        """Adds lines of the server, read at `received` (seconds since 1970)."""
        moment = max(int(received * 1_000_000), self._received + 1)
        records = [b"%d < %s\n" % (moment + i, line.rstrip(b"\r\n")) for i, line in enumerate(lines)]
        self._write(b"".join(records))
        self._received = moment + len(records)

    def append_event(self, event: Mapping[str, Any]) -> None:
        """Adds an event of our own, now."""
        moment = max(int(self._clock() * 1_000_000), self._received + 1)
        self._write(b"%d ! %s\n" % (moment, json.dumps(event).encode()))
        self._received = moment

    @property
    def replayed(self) -> bool:
        """Whether everything that an earlier process left has been dealt with."""
        with self._lock:
            return self._segment >= self._first

    def read(self, limit: int) -> list[Record]:
        """The next records, at most `limit`, of one segment; empty when all is read. The same again until `advance`."""
        while True:
            with self._lock:
                segment, offset, finished = self._segment, self._offset, self._segment < self._current
                end = None if finished else self._size
            records = self._read(segment, offset, end, limit)
            if records or not finished:
                return records
            with self._lock:
                self._segment, self._offset = self._after(segment), 0

    def waiting_since(self) -> float | None:
        """When (seconds since 1970) the oldest record was read that is not dealt with; None when all are."""
        with self._lock:
            segment, offset, size = self._segment, self._offset, self._size
            current = self._current
            numbers = [number for number in (*self._old, current) if number >= segment]
        for number in numbers:
            start, end = offset if number == segment else 0, size if number == current else None
            if records := self._read(number, start, end, 1):
                return records[0].received / 1_000_000
        return None

    def advance(self, last: Record) -> None:
        """Everything up to and with this record is dealt with."""
        size = len(b"%d < " % last.received) + len(last.line) + 1
        with self._lock:
            self._segment, self._offset = last.segment, last.offset + size

    def last(self) -> Record | None:
        """The last whole record that an earlier process left."""
        for number in reversed(self._old):
            if records := self._read(number, 0, None, None):
                return records[-1]
        return None

    def tidy(self, wanted: Mapping[int, list[Record]]) -> None:
        """Cuts off segments that were read to their end. `wanted`: by segment, the records to keep all the same."""
        with self._lock:
            old = [number for number in self._old if number < self._segment]
            newest = self._old[-1] if self._old and self._size == 0 else None
        for number in old:
            keep = wanted.get(number, [])
            if number == newest or self._kept.get(number) == len(keep):
                continue
            if keep and number not in self._kept:
                self._cut_down(number, keep)
                self._kept[number] = len(keep)
            elif not keep:
                self._path(number).unlink(missing_ok=True)
                with self._lock:
                    self._old.remove(number)
                self._kept.pop(number, None)

    def sync(self) -> None:
        """Waits until what was appended is on the disk itself."""
        with self._lock:
            copy = os.dup(self._file)
        try:
            os.fdatasync(copy)
        finally:
            os.close(copy)

    def _write(self, data: bytes) -> None:
        with self._lock:
            now = self._clock()
            if self._size and (self._size >= SEGMENT_BYTES or not 0 <= now - self._began < SEGMENT_SECONDS):
                self._rotate()
            if not self._size:
                self._began = now
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(self._file, view) :]
            except OSError:
                os.ftruncate(self._file, self._size)
                raise
            self._size += len(data)

    def _rotate(self) -> None:
        self._current += 1
        try:
            opened = self._open_segment()
        except OSError:
            self._current -= 1
            raise
        os.close(self._file)
        self._old.append(self._current - 1)
        self._file, self._size = opened, 0

    def _open_segment(self) -> int:
        return os.open(self._path(self._current), os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)

    def _path(self, number: int) -> Path:
        return self._folder / f"{number:012d}.log"

    def _after(self, segment: int) -> int:
        return next((number for number in self._old if number > segment), self._current)

    def _read(self, segment: int, offset: int, end: int | None, limit: int | None) -> list[Record]:
        """Whole records from `offset`, not past `end`."""
        records = []
        try:
            file = self._path(segment).open("rb")
        except FileNotFoundError:
            return []
        with file:
            file.seek(offset)
            for raw in file:
                offset += len(raw)
                if not raw.endswith(b"\n") or (end is not None and offset > end):
                    break
                if record := _record(segment, offset - len(raw), raw):
                    records.append(record)
                    if len(records) == limit:
                        break
        return records

    def _cut_down(self, number: int, keep: list[Record]) -> None:
        path = self._path(number)
        short = path.with_suffix(".tmp")
        with short.open("wb") as file:
            for record in keep:
                file.write(b"%d %s %s\n" % (record.received, b"!" if record.own else b"<", record.line))
            file.flush()
            os.fdatasync(file.fileno())
        short.replace(path)


def _segments(folder: Path) -> list[int]:
    """The numbers of the segments that hold something; empty ones are removed."""
    numbers = []
    for path in folder.glob("*.log"):
        if path.stem.isdigit():
            if path.stat().st_size:
                numbers.append(int(path.stem))
            else:
                path.unlink()
    return sorted(numbers)


def _record(segment: int, offset: int, raw: bytes) -> Record | None:
    """The record of a whole line of the file; None for what a crash of the machine left there."""
    received, _, rest = raw[:-1].partition(b" ")
    if not received.isdigit() or len(received) > 18 or rest[:2] not in {b"< ", b"! "}:
        return None
    record = Record(segment, offset, int(received), rest[:1] == b"!", rest[2:])
    if record.own:
        try:
            if not isinstance(json.loads(record.line), dict):
                return None
        except ValueError:
            return None
    return record

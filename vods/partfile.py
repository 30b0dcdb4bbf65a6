"""The part file and its journal together: append in order, and find again after any crash what is surely there."""

from __future__ import annotations

import os
import threading
import time
import zlib
from collections.abc import Sequence
from pathlib import Path

from vods import journal
from vods.journal import Contents, Entry, Header, Journal
from vods.playlist import Segment
from vods.stopped import Stopped

SYNC_SECONDS = 8.0  # how much a power loss may cost; a crash of ours, even kill -9, costs nothing that is journalled


class PartFile:
    """Bytes of the pieces one after the other in `path`. Used by one thread; others may read the file."""

    def __init__(
        self, path: Path, header: Header, pieces: Sequence[Segment], kept: Sequence[Entry], keep: int | None
    ) -> None:
        self.path = path
        self.entries: list[Entry] = list(kept)
        self.resumed = sum(1 for entry in kept if not entry.gap and entry.sequence >= 0)
        self._pieces = pieces
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        os.ftruncate(self._file, self.size)
        os.lseek(self._file, self.size, os.SEEK_SET)
        self._journal = Journal(journal_path(path), header, keep=keep)
        self._synced_at = time.monotonic()

    @property
    def size(self) -> int:
        """Bytes that are journalled, which is where the next piece goes."""
        return self.entries[-1].end if self.entries else 0

    @property
    def missing(self) -> Sequence[Segment]:
        """The pieces that are still to be fetched, in order."""
        return self._pieces[len(self.entries) :]

    @property
    def gaps(self) -> list[Segment]:
        """The segments that were given up."""
        return [piece for piece, entry in zip(self._pieces, self.entries, strict=False) if entry.gap]

    def append(self, piece: Segment, body: bytes | bytearray) -> None:
        """Write the next piece's bytes, then its journal line."""
        journal.write_all(self._file, body)
        self._note(Entry(piece.sequence, piece.name, self.size, len(body), zlib.crc32(body)))

    def append_gap(self, piece: Segment) -> None:
        """Note that the next piece was given up."""
        self._note(Entry(piece.sequence, piece.name, self.size, 0, 0, gap=True))

    def close(self) -> None:
        os.close(self._file)
        self._journal.close()

    def _note(self, entry: Entry) -> None:
        self._journal.append(entry)
        self.entries.append(entry)
        if time.monotonic() - self._synced_at > SYNC_SECONDS:
            os.fdatasync(self._file)  # the data first: what the journal then says after a power loss is true
            self._journal.sync()
            self._synced_at = time.monotonic()


def journal_path(part: Path) -> Path:
    return part.with_name(part.name + ".journal")


def open_part(
    path: Path, header: Header, pieces: Sequence[Segment], *, accept_gap: bool, stop: threading.Event
) -> PartFile:
    """Open the part file at `path`, keeping what fits `pieces` and is intact; from zero when the playlist changed.

    A gap noted earlier is kept only with `accept_gap`. Raises OSError, and Stopped when `stop` is set while checking.
    """
    contents = journal.read(journal_path(path))
    if contents is None or contents.header != header or not _same_playlist(contents.entries, pieces):
        return PartFile(path, header, pieces, (), None)
    entries = contents.entries
    if not accept_gap:
        entries = _before_first_gap(entries)
    intact = _intact(path, entries, stop)
    return PartFile(path, header, pieces, contents.entries[:intact], _journal_end(contents, intact))


def _same_playlist(entries: Sequence[Entry], pieces: Sequence[Segment]) -> bool:
    """Names and sequence numbers agree from the start. Host, folder and token of the address do not matter."""
    if len(entries) > len(pieces):
        return False
    return all((e.sequence, e.name) == (p.sequence, p.name) for e, p in zip(entries, pieces, strict=False))


def _before_first_gap(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return entries[: next((i for i, entry in enumerate(entries) if entry.gap), len(entries))]


def _intact(path: Path, entries: Sequence[Entry], stop: threading.Event) -> int:
    """How many entries from the start have exactly their bytes in the file (1 GB a second from the page cache)."""
    try:
        file = path.open("rb", buffering=0)
    except FileNotFoundError:
        return 0
    with file:
        for count, entry in enumerate(entries):
            if stop.is_set():
                raise Stopped
            if not _has(file.fileno(), entry):
                return count
    return len(entries)


def _has(descriptor: int, entry: Entry) -> bool:
    checksum, position = 0, entry.offset
    while position < entry.end:
        data = os.pread(descriptor, min(1 << 20, entry.end - position), position)
        if not data:
            return False
        checksum = zlib.crc32(data, checksum)
        position += len(data)
    return entry.gap or checksum == entry.crc


def _journal_end(contents: Contents, entries: int) -> int:
    return contents.ends[entries - 1] if entries else contents.start

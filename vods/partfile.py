"""The part file and its journal together: append in order, and find again after any crash what is surely there."""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from vods import journal
from vods.journal import Contents, Entry, Header, Journal
from vods.playlist import Segment
from vods.stopped import Stopped
from vods.sync import Syncer


@dataclass(frozen=True)
class Stretch:
    """Bytes of the part file that play with one init section, and from when to when (seconds) they are to play.

    `starts` is None when none of its segments is there.
    """

    offset: int
    end: int
    starts: float | None
    ends: float


class PartFile:
    """Bytes of the pieces one after the other in `path`. Used by one thread; others may read the file.

    It is brought to the disk every few seconds, data before journal: a power loss costs that much, a crash of ours,
    even kill -9, costs nothing that is journalled. `pieces` may be exchanged for others that `fits` says yes to.
    """

    def __init__(
        self,
        path: Path,
        header: Header,
        pieces: Sequence[Segment],
        kept: Sequence[Entry],
        keep: int | None,
        beside: Path | None = None,
    ) -> None:
        self.path = path
        self.entries: list[Entry] = list(kept)
        self.resumed = sum(1 for entry in kept if not entry.gap and entry.sequence >= 0)
        self.segments_done = sum(1 for entry in kept if entry.sequence >= 0)
        self.pieces = pieces
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.ftruncate(self._file, self.size)
            os.lseek(self._file, self.size, os.SEEK_SET)
            self._journal = Journal(journal_path(path), header, keep=keep)
        except OSError:
            os.close(self._file)
            raise
        self._syncer = Syncer(self._file, self._journal.descriptor, beside=beside)

    @property
    def size(self) -> int:
        """Bytes that are journalled, which is where the next piece goes."""
        return self.entries[-1].end if self.entries else 0

    @property
    def missing(self) -> Sequence[Segment]:
        """The pieces that are still to be fetched, in order."""
        return self.pieces[len(self.entries) :]

    @property
    def gaps(self) -> list[Segment]:
        """The segments that were given up."""
        return [piece for piece, entry in zip(self.pieces, self.entries, strict=False) if entry.gap]

    @property
    def muted(self) -> list[Segment]:
        """The segments that came without (all of) their sound."""
        return [piece for piece, entry in zip(self.pieces, self.entries, strict=False) if entry.muted]

    def stretches(self) -> list[Stretch]:
        """The groups of pieces that play with one init section, in order."""
        found: dict[int, Stretch] = {}
        for piece, entry in zip(self.pieces, self.entries, strict=False):
            there = entry.sequence >= 0 and not entry.gap
            known = found.get(piece.group) or Stretch(entry.offset, entry.offset, None, 0.0)
            starts = known.starts if known.starts is not None or not there else piece.start
            ends = piece.start + piece.duration if there else known.ends
            found[piece.group] = Stretch(known.offset, entry.end, starts, ends)
        return list(found.values())

    def fits(self, pieces: Sequence[Segment]) -> bool:
        """Whether `pieces` is another reading of the same playlist, at least as long as what is here."""
        return _same_playlist(self.entries, pieces)

    def append(self, piece: Segment, body: bytes | memoryview, *, muted: bool = False) -> None:
        """Write the next piece's bytes, then its journal line."""
        journal.write_all(self._file, body)
        self._note(Entry(piece.sequence, piece.name, self.size, len(body), zlib.crc32(body), muted=muted))

    def append_gap(self, piece: Segment) -> None:
        """Note that the next piece was given up."""
        self._note(Entry(piece.sequence, piece.name, self.size, 0, 0, gap=True))

    def close(self) -> None:
        self._syncer.close()
        os.close(self._file)
        self._journal.close()

    def _note(self, entry: Entry) -> None:
        self._journal.append(entry)
        self.entries.append(entry)
        self.segments_done += entry.sequence >= 0
        self._syncer.written(entry.length)


def journal_path(part: Path) -> Path:
    return part.with_name(part.name + ".journal")


def open_part(
    path: Path,
    header: Header,
    pieces: Sequence[Segment],
    *,
    accept_gap: bool,
    stop: threading.Event,
    beside: Path | None = None,
) -> PartFile:
    """Open the part file at `path`, keeping what fits `pieces` and is intact; from zero when the playlist changed.

    A gap noted earlier is kept only with `accept_gap`. `beside` is a file to be brought to the disk along with it.
    Raises OSError, and Stopped when `stop` is set while checking.
    """
    contents = journal.read(journal_path(path))
    if contents is None or contents.header != header or not _same_playlist(contents.entries, pieces):
        return PartFile(path, header, pieces, (), None, beside)
    entries = contents.entries
    if not accept_gap:
        entries = _before_first_gap(entries)
    intact = _intact(path, entries, stop)
    return PartFile(path, header, pieces, contents.entries[:intact], _journal_end(contents, intact), beside)


def _same_playlist(entries: Sequence[Entry], pieces: Sequence[Segment]) -> bool:
    """Names and sequence numbers agree from the start. Host, folder, token and muting of the address do not matter."""
    if len(entries) > len(pieces):
        return False
    return all(
        entry.sequence == piece.sequence and entry.name == piece.name
        for entry, piece in zip(entries, pieces, strict=False)
    )


def _before_first_gap(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    return entries[: next((i for i, entry in enumerate(entries) if entry.gap), len(entries))]


def _intact(path: Path, entries: Sequence[Entry], stop: threading.Event) -> int:
    """How many entries from the start have exactly their bytes in the file (GBs a second from the page cache)."""
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

"""Two days of two-second segments: no work grows with the square of their number, and memory stays small."""

from __future__ import annotations

import threading
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from vods import journal
from vods.journal import Entry, Header, Journal
from vods.partfile import journal_path, open_part
from vods.playlist import Segment, parse
from vods.segments import Missing
from vods.window import Fetched, Window

COUNT = 86_400
URL = "https://cdn.example/abc_chan_1_2/chunked/index-dvr.m3u8"
HEADER = Header("1", "chunked")


def playlist_text(count: int) -> str:
    muted = {5, 6, count // 2}
    lines = [f"#EXTINF:2.000,\n{i}{'-muted' if i in muted else ''}.ts" for i in range(count)]
    head = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n"
    return head + "\n".join(lines) + "\n#EXT-X-ENDLIST\n"


@pytest.fixture(scope="module")
def pieces() -> tuple[Segment, ...]:
    return parse(playlist_text(COUNT), URL).pieces


def seconds_of(work: Callable[[], object]) -> float:
    """The quicker of two runs."""
    times = []
    for _ in range(2):
        begun = time.process_time()
        work()
        times.append(time.process_time() - begun)
    return min(times)


def grows_evenly(work: Callable[[int], object]) -> None:
    """Eight times as much takes about eight times as long: 64 times would be the square."""
    small, large = (seconds_of(lambda count=count: work(count)) for count in (COUNT // 8, COUNT))
    assert large < 25 * max(small, 0.004)
    assert large < 10


def test_parsing() -> None:
    texts = {count: playlist_text(count) for count in (COUNT // 8, COUNT)}
    grows_evenly(lambda count: parse(texts[count], URL))
    assert parse(texts[COUNT], URL).duration == 2.0 * COUNT


def test_parsing_needs_little_memory() -> None:
    text = playlist_text(COUNT // 8)
    tracemalloc.start()
    playlist = parse(text, URL)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(playlist.segments) == COUNT // 8
    assert held < 60e6 / 8


def written(folder: Path, pieces: tuple[Segment, ...], size: int) -> Path:
    """A part file of `size` bytes a segment with its journal."""
    part = folder / f"{len(pieces)}.part"
    part.write_bytes(bytes(size) * len(pieces))
    log = Journal(journal_path(part), HEADER)
    crc = journal.zlib.crc32(bytes(size))
    for number, piece in enumerate(pieces):
        log.append(Entry(piece.sequence, piece.name, number * size, size, crc, muted=number % 1000 == 0))
    log.close()
    return part


def test_the_journal_and_going_on(tmp_path: Path, pieces: tuple[Segment, ...]) -> None:
    parts = {count: written(tmp_path, pieces[:count], 100) for count in (COUNT // 8, COUNT)}

    def go_on(count: int) -> None:
        part = open_part(parts[count], HEADER, pieces[:count], accept_gap=False, stop=threading.Event())
        assert (part.resumed, len(part.missing), len(part.muted)) == (count, 0, -(-count // 1000))
        part.close()

    grows_evenly(go_on)


def test_writing_down(tmp_path: Path, pieces: tuple[Segment, ...]) -> None:
    def write(count: int) -> None:
        path = tmp_path / "growing.part"
        journal_path(path).unlink(missing_ok=True)
        part = open_part(path, HEADER, pieces, accept_gap=False, stop=threading.Event())
        for piece in pieces[:count]:
            part.append(piece, b"x" * 100)
        assert part.size == 100 * count
        part.close()

    grows_evenly(write)


def test_the_window(pieces: tuple[Segment, ...]) -> None:
    def drain(count: int) -> None:
        with Window(
            lambda _: Fetched(memoryview(bytes(10))), pieces[:count], connections=4, aborted=threading.Event()
        ) as w:
            bodies = [result for _, result in w.results() if not isinstance(result, Missing)]
        assert len(bodies) == count

    few, more = (seconds_of(lambda count=count: drain(count)) for count in (2_000, 16_000))
    assert more < 25 * max(few, 0.02)

"""The journal: order, replay, torn ends, and what is cut off."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from chat import journal as journals
from chat.journal import Journal, Record


class Clock:
    now = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def lines(records: list[Record]) -> list[bytes]:
    return [record.line for record in records]


def read_all(journal: Journal) -> list[bytes]:
    found: list[bytes] = []
    while records := journal.read(3):
        found += lines(records)
        journal.advance(records[-1])
    return found


def test_records_come_back_in_order_with_their_times(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"one\r\n", b"two"], clock.now)
    journal.append_event({"event": "lost", "heard": 5})
    first, second, event = journal.read(10)
    assert (first.line, first.own, first.received_ms) == (b"one", False, 1_700_000_000_000)
    assert second.received > first.received
    assert event.event == {"event": "lost", "heard": 5}


def test_what_was_not_advanced_over_is_read_again_also_by_the_next_process(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"one", b"two", b"three"], clock.now)
    journal.advance(journal.read(1)[-1])
    assert lines(journal.read(10)) == [b"two", b"three"]
    assert lines(journal.read(1)) == [b"two"]
    assert read_all(Journal(tmp_path, clock=clock)) == [b"one", b"two", b"three"]


def test_it_goes_on_over_many_segments(tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journals, "SEGMENT_BYTES", 100)
    journal = Journal(tmp_path, clock=clock)
    said = [b"line %d" % number for number in range(50)]
    for line in said:
        journal.append([line], clock.now)
    assert len(list(tmp_path.glob("*.log"))) > 5
    assert read_all(journal) == said


def test_a_torn_end_and_rubbish_are_passed_over(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"one", b"two"], clock.now)
    journal.close()
    (file,) = tmp_path.glob("*.log")
    whole = file.read_bytes()
    for rubbish in (b"17000000", b"1700000000000000 < torn", b"\0\0\0\0\n", b"x < y\n", b"1 ! no json\n", b"1 ! []\n"):
        file.write_bytes(whole + rubbish)
        assert read_all(Journal(tmp_path, clock=clock)) == [b"one", b"two"]


def test_every_possible_torn_end_gives_the_whole_records_before_it(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"one", b"two", b"three"], clock.now)
    journal.close()
    (file,) = tmp_path.glob("*.log")
    whole = file.read_bytes()
    for length in range(len(whole) + 1):
        file.write_bytes(whole[:length])
        expected = [b"one", b"two", b"three"][: whole[:length].count(b"\n")]
        assert read_all(Journal(tmp_path, clock=clock)) == expected


def test_what_is_done_is_cut_off_but_for_the_newest_segment(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    for line in (b"one", b"two", b"three"):
        journal.append([line], clock.now)
        clock.now += journals.SEGMENT_SECONDS
    read_all(journal)
    journal.tidy({})
    again = Journal(tmp_path, clock=clock)
    last = again.last()
    assert last is not None
    assert last.line == b"three"
    assert read_all(again) == [b"three"]
    again.tidy({})
    assert Journal(tmp_path, clock=clock).last() == last


def test_nothing_that_is_still_to_be_read_is_cut_off(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    for line in (b"one", b"two", b"three"):
        journal.append([line], clock.now)
        clock.now += journals.SEGMENT_SECONDS
    journal.advance(journal.read(1)[0])
    journal.tidy({})
    assert read_all(Journal(tmp_path, clock=clock))[-2:] == [b"two", b"three"]


def test_records_that_someone_wants_stay_when_their_segment_goes(tmp_path: Path, clock: Clock) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"keep", b"drop"], clock.now)
    kept = journal.read(1)
    clock.now += journals.SEGMENT_SECONDS
    journal.append([b"new"], clock.now)
    read_all(journal)
    journal.tidy({kept[0].segment: kept})
    assert read_all(Journal(tmp_path, clock=clock)) == [b"keep", b"new"]
    journal.tidy({})
    assert read_all(Journal(tmp_path, clock=clock)) == [b"new"]


def test_a_write_that_fails_half_way_leaves_no_trace(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"one"], clock.now)
    real, calls = os.write, iter([True, False])

    def full(file: int, data: Any) -> int:
        if next(calls):
            return real(file, bytes(data)[:5])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(OSError, match="No space"):
        journal.append([b"two"], clock.now)
    monkeypatch.undo()
    journal.append([b"two"], clock.now)
    assert read_all(journal) == [b"one", b"two"]


def test_it_says_when_the_past_is_dealt_with(tmp_path: Path, clock: Clock) -> None:
    Journal(tmp_path, clock=clock).append([b"one", b"two"], clock.now)
    journal = Journal(tmp_path, clock=clock)
    journal.append([b"three"], clock.now)
    assert not journal.replayed
    journal.advance(journal.read(2)[-1])
    journal.read(1)
    assert journal.replayed

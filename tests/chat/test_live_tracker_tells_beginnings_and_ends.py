"""What polls of Helix mean."""

from __future__ import annotations

from chat.live import Began, Ended, LiveTracker
from tests.chat.chatcast import stream

ONE, TWO = stream("1"), stream("2")


def poll(tracker: LiveTracker, *streams: object) -> list[Began | Ended]:
    return tracker.observe(["pia"], {s.login: s for s in streams})  # type: ignore[attr-defined,misc]


def test_a_stream_begins_once() -> None:
    tracker = LiveTracker({})
    assert poll(tracker, ONE) == [Began(ONE)]
    assert poll(tracker, ONE) == []


def test_it_ends_when_it_is_gone_on_two_polls_in_a_row() -> None:
    tracker = LiveTracker({"pia": "1"})
    assert poll(tracker) == []
    assert poll(tracker, ONE) == []
    assert poll(tracker) == []
    assert poll(tracker) == [Ended("pia", "1")]
    assert poll(tracker) == []


def test_another_stream_begins_at_once() -> None:
    assert poll(LiveTracker({"pia": "1"}), TWO) == [Began(TWO)]


def test_a_stream_that_comes_back_begins_again() -> None:
    tracker = LiveTracker({"pia": "1"})
    poll(tracker)
    poll(tracker)
    assert poll(tracker, ONE) == [Began(ONE)]


def test_a_stream_that_is_recorded_already_does_not_begin_after_a_restart() -> None:
    assert poll(LiveTracker({"pia": "1"}), ONE) == []


def test_a_channel_that_was_not_asked_for_stays_as_it_is() -> None:
    tracker = LiveTracker({"pia": "1", "mia": "5"})
    poll(tracker)
    assert poll(tracker) == [Ended("pia", "1")]
    assert tracker.recorded == {"mia": "5"}


def test_a_channel_that_is_switched_off_ends() -> None:
    tracker = LiveTracker({"pia": "1"})
    assert tracker.drop("pia") == [Ended("pia", "1")]
    assert tracker.drop("pia") == []

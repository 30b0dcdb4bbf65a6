"""What a large archive takes long to count is not counted at every scrape."""

from __future__ import annotations

import time

import pytest

from vodtender.gauges import Spaced


@pytest.fixture(autouse=True)
def as_in_the_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spaced, "quick", 0.005)


class Query:
    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.asked = 0

    def __call__(self) -> dict[int, int]:
        self.asked += 1
        end = time.monotonic() + self._seconds
        while time.monotonic() < end:
            continue
        return {1: self.asked}


def test_a_long_one_is_kept_for_a_while() -> None:
    query = Query(0.2)
    spaced = Spaced(query)
    assert [spaced(), spaced(), spaced()] == [{1: 1}] * 3
    assert query.asked == 1


def test_after_that_it_is_asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spaced, "times", 0)
    spaced = Spaced(Query(0.01))
    assert [spaced(), spaced()] == [{1: 1}, {1: 2}]


def test_a_quick_one_is_always_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Spaced, "quick", 60.0)
    spaced = Spaced(Query(0.0))
    assert [spaced(), spaced()] == [{1: 1}, {1: 2}]

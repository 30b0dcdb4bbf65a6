"""Sizes, durations and times read as people say them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vods.templatetags.humane import clock, rate, relative, size, span

NOON = datetime(2026, 11, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (999_600, "1.0 MB"), (2_345_678_901, "2.3 GB"),
     (61_000_000_000, "61 GB"), (5e15, "5000 TB")],
)  # fmt: skip
def test_sizes(value: float | None, text: str) -> None:
    assert size(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "–"), (0, "0 s"), (59.6, "1 min"), (3725, "1 h 2 min"), (3605, "1 h"), (90000, "1 day 1 h")],
)
def test_durations(value: float | None, text: str) -> None:
    assert span(value).replace("\u00a0", " ") == text


@pytest.mark.parametrize(("value", "text"), [(0, "0:00"), (65, "1:05"), (3661.4, "1:01:01"), (None, "–")])
def test_places_in_a_video(value: float | None, text: str) -> None:
    assert clock(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3, "now"), (-3600, "1 h ago"), (240, "in 4 min"), (-2 * 86400, "2 days ago"), (-40 * 86400, "23 Sep 2026")],
)
def test_moments(seconds: float, text: str) -> None:
    assert relative(NOON + timedelta(seconds=seconds), NOON).replace("\u00a0", " ") == text


def test_an_unknown_speed_is_a_dash() -> None:
    assert rate(None) == "–"

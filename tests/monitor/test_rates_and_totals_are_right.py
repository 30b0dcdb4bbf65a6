"""Rates are differences of counters; a reset and a gap are not mistaken for work."""

from __future__ import annotations

import pytest

from tests.monitor import history_cast
from tests.monitor.history_cast import NOW
from vodtender.monitor import history
from vodtender.monitor.history import RANGES
from vodtender.monitor.lines import unit_for
from vodtender.monitor.models import Sample
from vodtender.monitor.sampling import key

pytestmark = pytest.mark.django_db
STARTED = key("vod_downloads_started")


def test_a_steady_counter_has_its_rate_everywhere() -> None:
    history_cast.counts({at: 1000 + (at - NOW) / 5 for at in range(NOW - 900, NOW + 1, 15)}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    rates = found.shown(found.rates(found.grown(STARTED)))
    assert rates[0] is None  # one sample says nothing of the time before
    assert rates[1:] == pytest.approx([0.2] * 60)
    assert found.increase(found.grown(STARTED)) == pytest.approx(180)


def test_a_rate_looks_five_minutes_back() -> None:
    history_cast.counts({at: 0 if at < NOW - 300 else 6 for at in range(NOW - 900, NOW + 1, 15)}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    rates = dict(zip(found.times(), found.shown(found.rates(found.grown(STARTED))), strict=True))
    assert rates[NOW - 315] == 0
    assert rates[NOW - 300] == rates[NOW - 15] == pytest.approx(6 / 300)
    assert rates[NOW] == 0


def test_a_counter_that_began_anew_adds_what_it_shows_since() -> None:
    history_cast.counts({NOW - 60: 500, NOW - 45: 503, NOW - 30: 2, NOW - 15: 4, NOW: 4}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    assert found.grown(STARTED) == [0, 3, 5, 7, 7]
    assert found.rates(found.grown(STARTED))[-1] == pytest.approx(7 / 60)


def test_a_counter_that_appears_was_zero_before() -> None:
    history_cast.sample(NOW - 15, {})
    history_cast.sample(NOW, {STARTED: 3})
    found = history.read(RANGES["1h"], NOW)
    assert found.increase(found.grown(STARTED)) == 3


def test_a_gap_breaks_the_line_and_what_came_after_it_has_no_rate_at_first() -> None:
    before = {NOW - 1230 + at: at for at in range(0, 31, 15)}
    history_cast.counts({**before, NOW - 15: 100, NOW: 103}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    times, rates = found.times(), found.shown(found.rates(found.grown(STARTED)))
    assert times == [NOW - 1230, NOW - 1215, NOW - 1200, NOW - 1185, NOW - 15, NOW]
    assert rates[:5] == [None, 1, 1, None, None]
    assert rates[5] == pytest.approx(0.2)
    assert found.increase(found.grown(STARTED)) == 103  # counted while nobody sampled


def test_a_missed_sample_or_two_is_no_gap() -> None:
    history_cast.counts({NOW - 60: 0, NOW - 15: 9, NOW: 12}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    assert found.times() == [NOW - 60, NOW - 15, NOW]
    assert found.rates(found.grown(STARTED)) == pytest.approx([None, 0.2, 0.2])


@pytest.mark.parametrize(("name", "step"), [("6h", 60), ("24h", 300), ("7d", 1800)])
def test_a_longer_range_tells_the_same_rate_from_fewer_samples(name: str, step: int) -> None:
    Sample.objects.bulk_create(
        history_cast.made(at, {STARTED: (at - NOW) / 4 + 200_000}) for at in history_cast.moments(NOW)
    )
    found = history.read(RANGES[name], NOW + 15)
    rates = [rate for rate in found.shown(found.rates(found.grown(STARTED))) if rate is not None]
    assert rates == pytest.approx([0.25] * len(rates))
    assert abs(len(rates) - found.range.seconds / step) <= 3
    assert found.newest == NOW


def test_the_total_begins_with_the_last_sample_before_the_range() -> None:
    history_cast.counts({NOW - 3630: 0, NOW - 3615: 1, NOW - 3585: 10, NOW: 12}, STARTED)
    found = history.read(RANGES["1h"], NOW)
    assert found.increase(found.grown(STARTED)) == 11


@pytest.mark.parametrize(
    ("per_second", "words"),
    [(12, "per second"), (1, "per second"), (0.5, "per minute"), (0.016, "per hour"), (0, "per hour")],
)
def test_the_unit_fits_the_busiest_line(per_second: float, words: str) -> None:
    assert unit_for(per_second)[0] == words

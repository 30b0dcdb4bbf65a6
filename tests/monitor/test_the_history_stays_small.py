"""Samples are thinned after hours and removed after a week, a bounded number at a time."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils.timezone import now

from tests.monitor import history_cast
from tests.monitor.history_cast import NOW
from vodtender.monitor import sampling
from vodtender.monitor.models import Sample, WebProcess
from vodtender.monitor.sampling import COARSE, COARSE_FOR, FINE_FOR, INTERVAL, ROWS_AT_MOST

pytestmark = pytest.mark.django_db


def rows(start: int, end: int, step: int = INTERVAL) -> None:
    Sample.objects.bulk_create([history_cast.made(at, {}) for at in range(start, end, step)], batch_size=400)


def test_behind_the_fine_hours_every_twentieth_row_stays() -> None:
    edge = NOW - FINE_FOR
    rows(edge - 3 * COARSE, edge + COARSE)
    while sampling.forget(NOW):
        pass
    left = list(Sample.objects.order_by("at").values_list("at", flat=True))
    assert left[:3] == [edge - 3 * COARSE, edge - 2 * COARSE, edge - COARSE]
    assert left[3:] == list(range(edge, edge + COARSE, INTERVAL))


def test_after_a_week_nothing_stays() -> None:
    edge = NOW - COARSE_FOR
    rows(edge - 10 * COARSE, edge + 2 * COARSE, COARSE)
    sampling.forget(NOW)
    assert list(Sample.objects.order_by("at").values_list("at", flat=True)) == [edge, edge + COARSE]


def test_what_a_wrong_clock_wrote_into_the_future_goes() -> None:
    rows(NOW + 86400, NOW + 86400 + COARSE)
    sampling.forget(NOW)
    assert not Sample.objects.exists()


def test_one_step_removes_a_bounded_number() -> None:
    rows(NOW - 3 * COARSE_FOR, NOW - 3 * COARSE_FOR + 300 * INTERVAL)
    assert [sampling.forget(NOW) for _ in range(3)] == [200, 100, 0]


def test_a_full_history_keeps_its_bound_of_rows_and_bytes_while_time_goes_on() -> None:
    start = NOW - NOW % COARSE
    assert history_cast.a_week(start) <= ROWS_AT_MOST
    for moment in range(start + INTERVAL, start + 3 * COARSE, INTERVAL):
        sampling.take(moment)
        sampling.forget(moment)
    assert Sample.objects.count() <= ROWS_AT_MOST
    stored = sum(len(json.dumps(numbers)) for numbers in Sample.objects.values_list("numbers", flat=True))
    assert stored < 6_000_000


def test_web_processes_that_are_gone_are_forgotten() -> None:
    WebProcess.objects.create(name="a:1", seen=now() - timedelta(hours=1), pool_size=6, pool_in_use=0)
    WebProcess.objects.create(name="a:2", seen=now(), pool_size=6, pool_in_use=0)
    sampling.forget(NOW)
    assert WebProcess.objects.get().name == "a:2"

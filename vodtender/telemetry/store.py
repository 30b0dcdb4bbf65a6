"""Counts facts in the database, in the transaction of the fact itself, so that a rolled-back fact is not counted.

Call `record` last in the transaction: its rows are sorted, so that two transactions cannot wait for each other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from vodtender.telemetry.metrics import Average, Counter, Histogram
from vodtender.telemetry.models import Series

ALPHA = 0.2  # of the moving averages

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Count:
    """`amount` more of a counter."""

    counter: Counter
    labels: tuple[str, ...] = ()
    amount: float = 1.0


@dataclass(frozen=True)
class Observation:
    """One value, in seconds, for a histogram."""

    histogram: Histogram
    seconds: float
    labels: tuple[str, ...] = ()


def record(*events: Count | Observation) -> None:
    """Adds the events with one statement."""
    sums: dict[Key, float] = defaultdict(float)
    for event in events:
        if isinstance(event, Count):
            sums[event.counter.name, _labels(event.counter.labels, event.labels), "value"] += event.amount
        else:
            labels = _labels(event.histogram.labels, event.labels)
            sums[event.histogram.name, labels, bucket_part(event.histogram, event.seconds)] += 1
            sums[event.histogram.name, labels, "sum"] += event.seconds
    _upsert(sorted(sums.items()), f"{Series._meta.db_table}.value + excluded.value")


def average(what: Average, milliseconds: float) -> None:
    """Moves the average towards `milliseconds`; the first value is taken as it is."""
    old = f"{Series._meta.db_table}.value"
    _upsert([((what.name, "[]", "ema"), milliseconds)], f"{old} + {ALPHA} * (excluded.value - {old})")


def mark(name: str, when: datetime) -> None:
    """Notes when something happened last, for /status."""
    _upsert([((name, "[]", "at"), when.timestamp())], "excluded.value")


def marked(name: str) -> datetime | None:
    value = Series.objects.filter(name=name, labels="[]", part="at").values_list("value", flat=True).first()
    return None if value is None else datetime.fromtimestamp(value, UTC)


def averages() -> dict[str, float]:
    """Every moving average by name, in milliseconds."""
    return dict(Series.objects.filter(part="ema").values_list("name", "value"))


def values(names: Iterable[str]) -> dict[Key, float]:
    """All parts of the named series."""
    rows = Series.objects.filter(name__in=list(names)).values_list("name", "labels", "part", "value")
    return {(name, labels, part): value for name, labels, part, value in rows}


def bucket_part(histogram: Histogram, seconds: float) -> str:
    """The part of the smallest bucket that holds `seconds`."""
    return next((f"le:{bound}" for bound in histogram.buckets if seconds <= bound), "le:+Inf")


def label_key(values: tuple[str, ...]) -> str:
    """Canonical text of label values, as the column `labels` holds it."""
    return json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))


def _labels(names: tuple[str, ...], values: tuple[str, ...]) -> str:
    if len(names) != len(values):
        raise ValueError(f"labels {names} got values {values}")
    return label_key(values)


def _upsert(rows: list[tuple[Key, float]], new_value: str) -> None:
    if not rows:
        return
    places = ", ".join(["(%s, %s, %s, %s)"] * len(rows))
    sql = (
        f"INSERT INTO {Series._meta.db_table} (name, labels, part, value) VALUES {places} "  # noqa: S608 - no input
        f"ON CONFLICT (name, labels, part) DO UPDATE SET value = {new_value}"
    )
    with connection.cursor() as cursor:
        cursor.execute(sql, [cell for key, value in rows for cell in (*key, value)])

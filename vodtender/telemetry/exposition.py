"""The durable series as Prometheus metric families, with every known label set from the first scrape on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from vodtender.telemetry import metrics, store
from vodtender.telemetry.metrics import Counter, Histogram

Rows = dict[tuple[str, ...], dict[str, float]]  # label values → part → value


Known = Callable[[], Mapping[str, Iterable[tuple[str, ...]]]]


class SeriesCollector(Collector):
    """Reads all counters and histograms with one query.

    `known` gives, by a series' name, label values that exist although nothing was counted under them yet.
    """

    def __init__(self, known: Known = dict) -> None:
        self._known = known

    def describe(self) -> list[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[Metric]:
        values = store.values(series.name for series in (*metrics.COUNTERS, *metrics.HISTOGRAMS))
        known = self._known()
        for counter in metrics.COUNTERS:
            yield counter_family(counter, _rows(counter, values, known.get(counter.name, ())))
        for histogram in metrics.HISTOGRAMS:
            yield histogram_family(histogram, _rows(histogram, values))


def counter_family(counter: Counter, rows: Rows) -> Metric:
    family = CounterMetricFamily(counter.name, counter.help, labels=counter.labels)
    for labels, parts in rows.items():
        family.add_metric(labels, parts.get("value", 0.0))
    return family


def histogram_family(histogram: Histogram, rows: Rows) -> Metric:
    family = HistogramMetricFamily(histogram.name, histogram.help, labels=histogram.labels)
    for labels, parts in rows.items():
        family.add_metric(labels, buckets=_cumulative(histogram, parts), sum_value=parts.get("sum", 0.0))
    return family


def _cumulative(histogram: Histogram, parts: dict[str, float]) -> list[tuple[str, float]]:
    """Prometheus 2 finds `{le="600"}` only when it is written without a fraction."""
    total, buckets = 0.0, []
    for bound in (*(f"{bound:g}" for bound in histogram.buckets), "+Inf"):
        total += parts.get(f"le:{bound}", 0.0)
        buckets.append((bound, total))
    return buckets


def _rows(series: Counter | Histogram, values: dict[store.Key, float], known: Iterable[tuple[str, ...]] = ()) -> Rows:
    rows: Rows = {labels: {} for labels in (*series.zeros, *known)}
    for (name, labels, part), value in values.items():
        if name == series.name:
            rows.setdefault(tuple(json.loads(labels)), {})[part] = value
    return rows

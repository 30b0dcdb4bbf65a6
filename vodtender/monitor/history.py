"""The samples of a range, and what can be computed of them: values, rates, increases, percentiles.

Every list of values has one entry for each moment in `at`, None where it is not known. The samples reach back before
the range, as far as the windows of rates and percentiles do; `shown` cuts that off and opens gaps.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from django.db.models import F, Max, Min, Q, QuerySet, Subquery

from vodtender.monitor.models import Sample
from vodtender.monitor.quantiles import histogram_quantile
from vodtender.monitor.sampling import CIRCUIT, COARSE, FUTURE, INTERVAL, QUEUE, key
from vodtender.telemetry.metrics import Histogram

Values = list[float | None]

RATE_WINDOW = 300  # seconds, the guide's [5m]
QUANTILE_WINDOW = 3600  # seconds, the guide's [1h]


@dataclass(frozen=True)
class Range:
    """A choice of the reader. `step`: seconds between its points."""

    name: str
    seconds: int
    step: int
    words: str

    @property
    def gap(self) -> float:
        """Seconds without a sample after which the line is broken."""
        return max(75.0, 2.5 * self.step)

    def window(self, seconds: int) -> float:
        """The window as asked for, and wide enough to hold the sample before."""
        return max(float(seconds), 1.5 * self.step)


RANGES = {
    choice.name: choice
    for choice in (
        Range("1h", 3600, INTERVAL, "in this hour"),
        Range("6h", 6 * 3600, 60, "in these 6 hours"),
        Range("24h", 86400, COARSE, "in these 24 hours"),
        Range("7d", 7 * 86400, 1800, "in these 7 days"),
    )
}


@dataclass(frozen=True)
class History:
    range: Range
    start: int  # seconds since 1970
    end: int
    at: list[int]
    samples: list[dict[str, float]]

    @cached_property
    def first(self) -> int:
        """Index of the first sample inside the range."""
        return bisect_left(self.at, self.start)

    @property
    def newest(self) -> int | None:
        return self.at[-1] if self.at else None

    def gauge(self, name: str) -> Values:
        return [numbers.get(name) for numbers in self.samples]

    def labels_of(self, name: str) -> set[str]:
        """The keys of every label set of a counter in these samples."""
        return {known for numbers in self.samples for known in numbers if known.startswith(f"{name}[")}

    def grown(self, name: str) -> list[float]:
        """How much a counter has grown since the first sample.

        A counter that is lower than before was reset, and began again at 0: what it shows then has been added since.
        """
        total, before, found = 0.0, None, []
        for numbers in self.samples:
            value = numbers.get(name, 0.0)
            if before is not None:
                total += value - before if value >= before else value
            before = value
            found.append(total)
        return found

    def rates(self, grown: Sequence[float]) -> Values:
        """Per second, over the window before each moment."""
        found: Values = []
        for now, then in enumerate(self._window_starts(RATE_WINDOW)):
            seconds = self.at[now] - self.at[then]
            found.append((grown[now] - grown[then]) / seconds if seconds else None)
        return found

    def increase(self, grown: Sequence[float]) -> float:
        """In the whole range; from the last sample before it, when that is near."""
        if not self.at or self.first == len(self.at):
            return 0.0
        then = self.first
        if then and self.start - self.at[then - 1] <= self.range.gap:
            then -= 1
        return grown[-1] - grown[then]

    def buckets(self, histogram: Histogram) -> list[list[float]]:
        """How much each bucket has grown, smallest first, +Inf last."""
        bounds = (*(f"{bound:g}" for bound in histogram.buckets), "+Inf")
        return [self.grown(key(histogram.name, part=f"le:{bound}")) for bound in bounds]

    def quantiles(self, share: float, histogram: Histogram, buckets: list[list[float]]) -> Values:
        """Of the window before each moment."""
        return [
            histogram_quantile(share, histogram.buckets, [grown[now] - grown[then] for grown in buckets])
            for now, then in enumerate(self._window_starts(QUANTILE_WINDOW))
        ]

    def quantile(self, share: float, histogram: Histogram, buckets: list[list[float]]) -> float | None:
        """Of the whole range."""
        return histogram_quantile(share, histogram.buckets, [self.increase(grown) for grown in buckets])

    def times(self) -> list[int]:
        """The moments of the points that are shown."""
        return [moment for _, moment in self._points]

    def shown(self, values: Sequence[float | None]) -> Values:
        """The values of those points."""
        return [None if place is None else values[place] for place, _ in self._points]

    @cached_property
    def _points(self) -> list[tuple[int | None, int]]:
        """Index and moment; one without an index breaks the line, where nothing was sampled for long."""
        found: list[tuple[int | None, int]] = []
        for place in range(self.first, len(self.at)):
            if found and self.at[place] - self.at[place - 1] > self.range.gap:
                found.append((None, self.at[place - 1] + self.range.step))
            found.append((place, self.at[place]))
        return found

    def _window_starts(self, seconds: int) -> list[int]:
        """For each moment the index of the first sample in its window."""
        width, then, found = self.range.window(seconds), 0, []
        for moment in self.at:
            while self.at[then] < moment - width:
                then += 1
            found.append(then)
        return found


def read(choice: Range, now: int) -> History:
    """The samples of the range that ends now, at most one for each step and the newest; one query, or two."""
    start = now - choice.seconds
    since = start - int(choice.window(QUANTILE_WINDOW))
    there = Sample.objects.filter(at__gte=since, at__lte=now + FUTURE)
    worst: dict[int, dict[str, float]] = {}
    if choice.step > INTERVAL:
        worst = _worst_of_steps(there.filter(kept=True) if choice.step >= COARSE else there, choice.step)
        newest = there.order_by("-at").values("at")[:1]
        there = there.filter(Q(at__in=list(worst)) | Q(at=Subquery(newest)))
    rows = there.order_by("at").values_list("at", "queue_depth", "circuit_state", "numbers")
    samples = {at: {QUEUE: depth, CIRCUIT: state, **numbers, **worst.get(at, {})} for at, depth, state, numbers in rows}
    return History(choice, start, max([now, *samples]), list(samples), list(samples.values()))


def _worst_of_steps(rows: QuerySet[Sample], step: int) -> dict[int, dict[str, float]]:
    """The first moment of each step, with the worst of the step: a circuit that was open for a while is seen."""
    steps = rows.annotate(slot=F("at") / step).values("slot")
    found = steps.annotate(first=Min("at"), depth=Max("queue_depth"), state=Max("circuit_state"))
    return {row["first"]: {QUEUE: row["depth"], CIRCUIT: row["state"]} for row in found}

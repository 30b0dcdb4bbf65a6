"""Percentiles from the buckets of a histogram, as Prometheus' histogram_quantile computes them."""

from __future__ import annotations

from collections.abc import Sequence


def histogram_quantile(share: float, bounds: Sequence[float], counts: Sequence[float]) -> float | None:
    """The value below which `share` (0 to 1) of the observations lie; None without observations.

    `bounds` are the upper bounds without +Inf. `counts` are the observations of each bucket, not cumulative, with that
    of +Inf last. Inside a bucket the values are taken as evenly spread; the first begins at 0. What lies above the last
    bound is said to be that bound (https://prometheus.io/docs/prometheus/latest/querying/functions/).
    """
    total = sum(counts)
    if total <= 0:
        return None
    rank, below = share * total, 0.0
    for place, bound in enumerate(bounds):
        count = counts[place]
        if count and below + count >= rank:
            lower = bounds[place - 1] if place else 0.0
            return lower + (bound - lower) * ((rank - below) / count)
        below += count
    return float(bounds[-1])

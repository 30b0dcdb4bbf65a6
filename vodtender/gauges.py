"""What is true now, read from the database at each scrape, under the guide's names and one for each channel."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator

from django.db.models import Count
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vods.models import PENDING, Channel, Circuit, Vod
from vodtender import web_load, web_pool

CIRCUIT_VALUES = {Circuit.CLOSED: 0, Circuit.HALF_OPEN: 1, Circuit.OPEN: 2}
STATES = "(0=closed, 1=half-open, 2=open)"
NOT_LIVE = [False]  # as a list, because SQLite finds `NOT live` in no index
HERE = "of the web process that answers"


def queue_depth() -> int:
    """VODs that are not processed yet; a broadcast that still runs is not counted."""
    return Vod.objects.filter(state__in=PENDING, live__in=NOT_LIVE).count()


class Spaced:
    """Keeps the answer of a query that took long for 50 times as long, so that it costs the database 2% at most.

    What takes less than `quick` seconds is always asked anew, and nothing is kept for more than `longest` seconds.
    """

    quick = 0.005
    times = 50
    longest = 5.0

    def __init__(self, ask: Callable[[], dict[int, int]]) -> None:
        self._ask = ask
        self._answer: dict[int, int] = {}
        self._until = 0.0

    def __call__(self) -> dict[int, int]:
        began = time.monotonic()
        if began >= self._until:
            self._answer = self._ask()
            took = time.monotonic() - began
            self._until = began + took + min(self.longest, self.times * took) if took > self.quick else 0.0
        return self._answer


def channel_depths() -> dict[int, int]:
    """`queue_depth` by channel id. Grouped as the index vod_pending is sorted, which halves the time."""
    waiting = Vod.objects.filter(state__in=PENDING, live__in=NOT_LIVE).order_by()
    depths: dict[int, int] = defaultdict(int)
    for _, channel, count in waiting.values_list("state", "channel").annotate(vods=Count("*")):
        depths[channel] += count
    return depths


def circuit_state() -> Circuit:
    """The worst circuit of the channels that are archived."""
    return _worst(Channel.objects.filter(archive=True).values_list("circuit_state", flat=True).distinct())


class GaugeCollector(Collector):
    def __init__(self) -> None:
        self._depths = Spaced(channel_depths)

    def describe(self) -> list[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[Metric]:
        depths = self._depths()
        channels = list(Channel.objects.order_by("login").values_list("id", "login", "archive", "circuit_state"))
        state = _worst(circuit for _, _, archive, circuit in channels if archive)
        yield gauge("vod_queue_depth", "Current unprocessed VOD count", sum(depths.values()))
        yield gauge("vod_circuit_open", "Circuit breaker (1=open, 0=closed)", int(state == Circuit.OPEN))
        yield gauge("vod_circuit_breaker_state", f"Circuit breaker state {STATES}", CIRCUIT_VALUES[state])
        depth = {login: depths.get(pk, 0) for pk, login, _, _ in channels}
        yield by_label("vod_channel_queue_depth", "Unprocessed VODs of a channel", "channel", depth)
        circuits = {login: CIRCUIT_VALUES[Circuit(circuit)] for _, login, _, circuit in channels}
        text = f"Circuit breaker state of a channel {STATES}"
        yield by_label("vod_channel_circuit_breaker_state", text, "channel", circuits)
        size, in_use = pool()
        yield gauge("database_connection_pool_size", f"Maximum connection pool size {HERE}", size)
        yield gauge("database_connection_pool_in_use", f"Active database connections {HERE}", in_use)


def pool() -> tuple[int, int]:
    """Size of this process's connection pool and connections in use, without the scrape's own.

    SQLite has no pool: each of the web's threads may have a connection, and each page at work uses one.
    """
    return web_pool.size_and_use() or (web_load.THREADS, max(0, web_load.at_work() - 1))


def gauge(name: str, text: str, value: float | None) -> Metric:
    """Without a value the family has no sample."""
    return GaugeMetricFamily(name, text, value=value)


def by_label(name: str, text: str, label: str, values: dict[str, float] | dict[str, int]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=[label])
    for key, value in values.items():
        family.add_metric([key], value)
    return family


def _worst(states: object) -> Circuit:
    return max(map(Circuit, states), key=CIRCUIT_VALUES.__getitem__, default=Circuit.CLOSED)  # type: ignore[call-overload]

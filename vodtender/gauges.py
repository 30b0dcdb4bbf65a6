"""What is true now, read from the database at each scrape."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from vods.models import PENDING, Channel, Circuit, Vod
from vodtender import web_load

CIRCUIT_VALUES = {Circuit.CLOSED: 0, Circuit.HALF_OPEN: 1, Circuit.OPEN: 2}


def queue_depth() -> int:
    """VODs that are not processed yet; a broadcast that still runs is not counted."""
    return Vod.objects.filter(state__in=PENDING, live=False).count()


def circuit_state() -> Circuit:
    """The worst circuit of the channels that are archived."""
    states = Channel.objects.filter(archive=True).values_list("circuit_state", flat=True).distinct()
    return max((Circuit(state) for state in states), key=CIRCUIT_VALUES.__getitem__, default=Circuit.CLOSED)


class GaugeCollector(Collector):
    def describe(self) -> list[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[Metric]:
        state = circuit_state()
        yield _gauge("vod_queue_depth", "Current unprocessed VOD count", queue_depth())
        yield _gauge("vod_circuit_open", "Circuit breaker (1=open, 0=closed)", int(state == Circuit.OPEN))
        text = "Circuit breaker state (0=closed, 1=half-open, 2=open)"
        yield _gauge("vod_circuit_breaker_state", text, CIRCUIT_VALUES[state])
        size, in_use = pool()
        yield _gauge("database_connection_pool_size", "Maximum connection pool size", size)
        yield _gauge("database_connection_pool_in_use", "Active database connections", in_use)


def pool() -> tuple[int, int]:
    """Size of the connection pool and connections in use, without the one that asks.

    SQLite has no pool: each of the web's threads may have a connection, and each page at work uses one.
    """
    known = getattr(connection, "pool", None) if connection.vendor == "postgresql" else None
    if known is None:
        return web_load.THREADS, max(0, web_load.at_work() - 1)
    stats = known.get_stats()
    used = stats.get("pool_size", 0) - stats.get("pool_available", 0) - (connection.connection is not None)
    return int(stats["pool_max"]), max(0, int(used))


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(name, text, value=value)

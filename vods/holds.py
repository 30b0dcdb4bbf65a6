"""What holds work back, for the pages: pauses and circuit breakers, each with why and until when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import OuterRef, Q, Subquery

from vods import circuit, eligible
from vods.models import Attempt, Breaker, Channel, Circuit, Step, Switchboard

MOST = 20


@dataclass(frozen=True)
class Broken:
    """A circuit breaker that is open or half-open. `channel` is None for that of the uploads."""

    channel: Channel | None
    failures: int
    half_open: bool
    next_probe: datetime | None
    error: str


@dataclass(frozen=True)
class Holds:
    """Everything that holds work back now; at most MOST channels of each kind."""

    board: Switchboard
    paused: list[Channel]
    broken: list[Broken]
    uploads_enabled: bool


def read(now: datetime) -> Holds:
    """Reads the holds in at most three queries."""
    board = Switchboard.read()
    on_way = Attempt.objects.filter(outcome=Attempt.Outcome.FAILED, error_kind__in=circuit.COUNTED).order_by("-id")
    downloads = on_way.filter(vod__channel=OuterRef("pk")).exclude(step=Step.UPLOAD)
    troubled = Q(archive=True) & ~Q(circuit_state=Circuit.CLOSED)
    rows = Channel.objects.filter(troubled | Q(paused=True))
    channels = list(rows.annotate(last_error=Subquery(downloads.values("error")[:1]))[: 2 * MOST])
    broken = [
        _broken(channel, channel, channel.last_error or "", now)
        for channel in channels
        if channel.archive and channel.circuit_state != Circuit.CLOSED
    ]
    enabled = eligible.uploads_enabled()
    if enabled and board.circuit_state != Circuit.CLOSED:
        error = on_way.filter(step=Step.UPLOAD).values_list("error", flat=True).first()
        broken.insert(0, _broken(board, None, error or "", now))
    paused: list[Channel] = [channel for channel in channels if channel.paused]
    return Holds(board, paused[:MOST], broken[:MOST], enabled)


def _broken(breaker: Breaker, channel: Channel | None, error: str, now: datetime) -> Broken:
    until = breaker.circuit_open_until
    # An open circuit whose time is over is turned half-open by whoever looks for work next.
    half_open = breaker.circuit_state == Circuit.HALF_OPEN or (until is not None and until <= now)
    return Broken(channel, breaker.circuit_failures, half_open, None if half_open else until, error)

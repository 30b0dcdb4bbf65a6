"""The circuit breaker: after failures in a row nothing new is begun for a while, then one probe decides.

Each channel has one for its downloads; uploads have one of their own, on the switchboard.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import QuerySet

from vods.models import Breaker, Channel, Circuit, Switchboard
from vodtender.http import ErrorKind
from vodtender.telemetry import metrics, store

log = logging.getLogger(__name__)

# What says something of the service and not of one VOD, one disk or one account.
COUNTED = frozenset({ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED, ErrorKind.OUTDATED_YTDLP})


def counts(kind: ErrorKind) -> bool:
    return kind in COUNTED


def failed(breaker: Breaker, now: datetime) -> list[store.Count]:
    """One more failure; what to count. A failed probe, or one failure too many, opens the circuit."""
    row = _row(breaker)
    current = row.get()
    failures = current.circuit_failures + 1
    events = [store.Count(metrics.CIRCUIT_FAILURES)]
    opens = current.circuit_state == Circuit.HALF_OPEN or failures >= settings.CIRCUIT_FAILURE_THRESHOLD
    if not opens or current.circuit_state == Circuit.OPEN:
        row.update(circuit_failures=failures)
        return events
    until = now + timedelta(seconds=settings.CIRCUIT_OPEN_COOLDOWN)
    row.update(circuit_failures=failures, circuit_state=Circuit.OPEN, circuit_open_until=until)
    log.error("The circuit of %s is open after %d failures; a probe follows in %s.", current, failures, until - now)
    return [*events, _change(Circuit(current.circuit_state), Circuit.OPEN)]


def succeeded(breaker: Breaker) -> list[store.Count]:
    """Work that went well closes the circuit; what to count."""
    row = _row(breaker)
    current = row.get()
    if current.circuit_state == Circuit.CLOSED and not current.circuit_failures:
        return []
    row.update(circuit_state=Circuit.CLOSED, circuit_failures=0, circuit_open_until=None)
    if current.circuit_state == Circuit.CLOSED:
        return []
    log.info("The circuit of %s is closed again.", current)
    return [_change(Circuit(current.circuit_state), Circuit.CLOSED)]


def reset(breaker: Breaker) -> bool:
    """Closes it by hand; False when it was closed and without failures."""
    events = succeeded(breaker)
    if events:
        store.record(*events)
    return bool(events)


def let_probe(breaker: Breaker, now: datetime) -> None:
    """An open circuit whose time is over turns half-open."""
    due = _row(breaker).filter(circuit_state=Circuit.OPEN, circuit_open_until__lte=now)
    if due.update(circuit_state=Circuit.HALF_OPEN):
        store.record(_change(Circuit.OPEN, Circuit.HALF_OPEN))


def allows(breaker: Breaker, at_work: int) -> bool:
    """Whether new work may begin, when `at_work` is under way behind this breaker."""
    if breaker.circuit_state == Circuit.HALF_OPEN:
        return at_work == 0
    return breaker.circuit_state == Circuit.CLOSED


def _row(breaker: Breaker) -> QuerySet[Channel] | QuerySet[Switchboard]:
    if isinstance(breaker, Channel):
        return Channel.objects.filter(pk=breaker.pk)
    Switchboard.objects.get_or_create(pk=1)
    return Switchboard.objects.filter(pk=1)


def _change(old: Circuit, new: Circuit) -> store.Count:
    return store.Count(metrics.CIRCUIT_CHANGES, (old.value, new.value))

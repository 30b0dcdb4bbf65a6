"""Liveness and readiness, for probes. A thread beside the requests asks the database; a request never hangs on it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass
from typing import TypeVar

from django.contrib.auth.decorators import login_not_required
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from oauth import tokens
from vods import eligible
from vods.models import Channel, Circuit
from vodtender.aside import Aside, Away, Probe
from vodtender.setup_state import missing_settings

log = logging.getLogger(__name__)

SOON_SECONDS = 0.2  # with Probe.WAIT_SECONDS it is less than a second
MOST_SECONDS = 10.0

T = TypeVar("T")


@dataclass(frozen=True)
class NotReady:
    failed_check: str  # database, circuit_breaker or credentials
    error: str


@dataclass(frozen=True)
class Look:
    """What one look at the database saw. `alive`: it can be read and written. `readable`: at least read."""

    readable: bool
    alive: bool
    not_ready: NotReady | None


BLIND = Look(False, False, NotReady("database", "The database does not answer."))
LOCKED = Look(True, False, NotReady("database", "The database is locked: another program has been writing to it."))


def look() -> Look:
    """On SQLite it also takes the lock that every writer needs, for a moment. Raises django.db.Error."""
    found = not_ready()
    if connection.vendor == "sqlite":
        try:
            with transaction.atomic():
                pass
        except Error:
            return LOCKED
    return Look(True, True, found)


def not_ready() -> NotReady | None:
    """The first check that fails, in the order of the guide; for the first of them it raises django.db.Error."""
    circuits = list(Channel.objects.filter(archive=True).values_list("circuit_state", flat=True))
    if circuits and all(state == Circuit.OPEN for state in circuits):
        return NotReady("circuit_breaker", "Downloads fail on every channel; the circuit breaker is open.")
    if missing := missing_settings():
        return NotReady("credentials", f"Not set: {', '.join(missing)}.")
    if eligible.uploads_enabled() and not tokens.connected("youtube"):
        return NotReady(
            "credentials", tokens.problem("youtube") or "Uploads are enabled, but YouTube is not connected."
        )
    return None


PROBE = Probe("health", look, BLIND)
READER = Aside("read-aside")


def read(job: Callable[[], T]) -> T:
    """What `job` reads from the database, in a thread of its own. Raises Away, within about a second when it hangs.

    A job that takes its time is waited for as long as a look beside it shows that the database answers.
    """
    future = READER.ask(job)
    try:
        try:
            return future.result(SOON_SECONDS)
        except NotYet:
            seen, now = PROBE.latest()
            if not (now and seen.readable):
                raise Away from None
        return future.result(MOST_SECONDS)
    except NotYet:
        raise Away(f"The database did not answer within {MOST_SECONDS:.0f} seconds.") from None
    except Error as error:
        log.warning("The database could not be read for a probe: %s", error)
        raise Away from None


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    seen, _ = PROBE.latest()
    text, status = ("ok", 200) if seen.alive else ("unhealthy", 503)
    return HttpResponse(text, status=status, content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    seen, _ = PROBE.latest()
    if seen.not_ready is None:
        return JsonResponse({"status": "ready"})
    found = {"status": "not_ready", "failed_check": seen.not_ready.failed_check, "error": seen.not_ready.error}
    return JsonResponse(found, status=503)

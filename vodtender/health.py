"""Liveness and readiness, for probes."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from oauth import tokens
from vods import eligible
from vods.models import Channel, Circuit
from vodtender.setup_state import missing_settings


@dataclass(frozen=True)
class NotReady:
    failed_check: str  # database, circuit_breaker or credentials
    error: str


def database_answers() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        connection.close()
        return False
    return True


def not_ready() -> NotReady | None:
    """The first check that fails, in the order of the guide."""
    if not database_answers():
        return NotReady("database", "The database does not answer.")
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


@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    alive = database_answers()
    return HttpResponse("ok" if alive else "unhealthy", status=200 if alive else 503, content_type="text/plain")


@login_not_required
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    failed = not_ready()
    if failed is None:
        return JsonResponse({"status": "ready"})
    found = {"status": "not_ready", "failed_check": failed.failed_check, "error": failed.error}
    return JsonResponse(found, status=503)

"""Who may read /metrics and /status without a login."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.http import HttpRequest

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host")
LOOPBACK = frozenset({"127.0.0.1", "::1"})


def may_observe(request: HttpRequest) -> bool:
    """With METRICS_TOKEN: who shows it. Without: a peer on loopback that no proxy stands in front of."""
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    return request.META.get("REMOTE_ADDR") in LOOPBACK and not any(name in request.headers for name in FORWARDED)

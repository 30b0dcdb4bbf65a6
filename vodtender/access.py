"""Who may read /metrics and /status without a login."""

from __future__ import annotations

import re
import secrets

from django.conf import settings
from django.http import HttpRequest

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-Ip", "X-Forwarded-Host", "X-Forwarded-Proto", "Via")
LOOPBACK = frozenset({"127.0.0.1", "::1"})
ASKED_HOST = "vodtender.asked_host"  # in META: the Host header as it came
_LOCAL_NAME = re.compile(r"(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?|", re.IGNORECASE)


def may_observe(request: HttpRequest) -> bool:
    """With METRICS_TOKEN: who shows it. Without: a peer on loopback that no proxy stands in front of.

    It must also have asked for this machine by a name of loopback: a page of a stranger, opened in a browser here,
    could otherwise read it under a name of its own that leads here (DNS rebinding).
    """
    if settings.METRICS_TOKEN:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        return scheme.lower() == "bearer" and secrets.compare_digest(given.encode(), settings.METRICS_TOKEN.encode())
    if request.META.get("REMOTE_ADDR") not in LOOPBACK or any(name in request.headers for name in FORWARDED):
        return False
    return _LOCAL_NAME.fullmatch(request.META.get(ASKED_HOST, "")) is not None

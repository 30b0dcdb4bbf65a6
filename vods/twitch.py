"""Helix with this installation's credentials, every call counted."""

from __future__ import annotations

from oauth.apptoken import app_token
from oauth.tokens import client_credentials
from vods.helix import Helix
from vodtender.telemetry.metrics import HELIX_CALLS
from vodtender.telemetry.store import Count, record

_NAMED = frozenset({"200", "400", "401", "403", "404", "429", "500", "502", "503", "504", "error"})


def helix() -> Helix:
    """To be used with `with`. Raises ServiceError (AUTH) naming the variables when credentials are not set."""
    client_id, _ = client_credentials("twitch")
    return Helix(app_token, client_id, count_call)


def count_call(endpoint: str, status: str) -> None:
    """One more of helix_api_calls_total. Statuses that nobody expects share a label for each hundred."""
    record(Count(HELIX_CALLS, (endpoint, status if status in _NAMED else f"{status[:1]}xx")))

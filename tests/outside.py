"""Points the product at a simulator, as an operator does: by two variables and the registered clients."""

from __future__ import annotations

from typing import Any

import pytest

import simulator
from oauth import tokens
from oauth.apptoken import app_token
from simulator.running import Handle


def point_at(handle: Handle, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and SSL_CERT_FILE of the simulator, and its clients' ids and secrets."""
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, handle.env[name])
    settings.TWITCH_CLIENT_ID = simulator.TWITCH_CLIENT_ID
    settings.TWITCH_CLIENT_SECRET = simulator.TWITCH_CLIENT_SECRET
    settings.YT_CLIENT_ID = simulator.GOOGLE_CLIENT_ID
    settings.YT_CLIENT_SECRET = simulator.GOOGLE_CLIENT_SECRET
    app_token.forget()
    tokens.forget_refusals()


def clean(handle: Handle) -> None:
    """No faults and no remembered requests, but for what the first catalogue has from its seed."""
    handle.control.delete("/faults")
    handle.control.delete("/requests")

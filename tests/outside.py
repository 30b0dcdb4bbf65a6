"""Points the product at a simulator, as an operator does: by two variables and the registered clients."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from oauth import tokens
from oauth.apptoken import app_token
from simulator import GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET
from simulator.running import Handle, running


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """One for all tests of a room; its demo channel is live throughout."""
    state_dir = tmp_path_factory.mktemp("simulator")
    with running(state_dir, "--broadcast-seconds", "100000", "--media-on-demand") as handle:
        yield handle


@pytest.fixture
def simulator(simulator_process: Handle, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """Twitch and YouTube of this test, without any trouble set."""
    clean(simulator_process)
    point_at(simulator_process, settings, monkeypatch)
    return simulator_process


@pytest.fixture(autouse=True)
def own_key_and_folder(settings: Any, tmp_path: Path) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.DATA_DIR = tmp_path
    settings.MEDIA_DIR = tmp_path / "media"


def point_at(handle: Handle, settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY and SSL_CERT_FILE of the simulator, and its clients' ids and secrets."""
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, handle.env[name])
    settings.TWITCH_CLIENT_ID = TWITCH_CLIENT_ID
    settings.TWITCH_CLIENT_SECRET = TWITCH_CLIENT_SECRET
    settings.YT_CLIENT_ID = GOOGLE_CLIENT_ID
    settings.YT_CLIENT_SECRET = GOOGLE_CLIENT_SECRET
    app_token.forget()
    tokens.forget_refusals()


def clean(handle: Handle) -> None:
    """No faults and no remembered requests, but for what the first catalogue has from its seed."""
    handle.control.delete("/faults")
    handle.control.delete("/requests")

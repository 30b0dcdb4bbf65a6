from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from simulator_clients import add_vod, app_token, client_of

from simulator import TWITCH_CLIENT_ID
from simulator.running import Handle, running


@pytest.fixture(scope="session")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """One simulator for the whole session. Its demo channel is live throughout; tests clear the faults they set."""
    state_dir = tmp_path_factory.mktemp("simulator")
    with running(state_dir, "--broadcast-seconds", "100000", "--media-on-demand", "--irc-plain-port", "0") as handle:
        yield handle


@pytest.fixture
def shared_media(simulator: Handle) -> tuple[str, ...]:
    """Options for a second simulator that need not make all pictures again, nor those that no test looks at."""
    return "--media-on-demand", "--media-dir", str(simulator.state_dir / "media")


@pytest.fixture
def http(simulator: Handle) -> Iterator[httpx.Client]:
    with client_of(simulator) as client:
        yield client


@pytest.fixture
def helix(http: httpx.Client) -> httpx.Client:
    """A client with an app token, as Helix wants it."""
    http.headers.update({"Authorization": f"Bearer {app_token(http)}", "Client-Id": TWITCH_CLIENT_ID})
    http.base_url = httpx.URL("https://api.twitch.tv/helix/")
    return http


@pytest.fixture
def new_vod(simulator: Handle) -> str:
    """A fresh short VOD of the quiet channel, whose faults disturb nobody. Shares the first base VOD's media."""
    return add_vod(simulator)

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import pytest
from simulator_clients import app_token

from simulator import TWITCH_CLIENT_ID
from simulator.running import ControlError, Handle


@pytest.fixture
def small_bucket(simulator: Handle) -> Iterator[None]:
    simulator.control.post("/helix/bucket", points=3, seconds=30)
    yield
    simulator.control.post("/helix/bucket")


def ask(helix: httpx.Client, headers: dict[str, str] | None = None) -> httpx.Response:
    return helix.get("users?login=pixel_pia", headers=headers)


def test_it_holds_800_points_and_says_so(helix: httpx.Client, simulator: Handle) -> None:
    simulator.control.post("/helix/bucket")
    headers = ask(helix).headers
    assert (headers["Ratelimit-Limit"], headers["Ratelimit-Remaining"]) == ("800", "799")
    assert 0 <= int(headers["Ratelimit-Reset"]) - time.time() <= 2


@pytest.mark.usefixtures("small_bucket")
def test_an_empty_bucket_is_429_until_it_fills(simulator: Handle, helix: httpx.Client) -> None:
    assert [ask(helix).status_code for _ in range(4)] == [200, 200, 200, 429]
    refused = ask(helix)
    assert (refused.headers["Ratelimit-Limit"], refused.headers["Ratelimit-Remaining"]) == ("3", "0")
    assert 20 < int(refused.headers["Ratelimit-Reset"]) - time.time() < 32
    assert refused.json()["status"] == 429
    simulator.control.post("/helix/bucket", points=1, seconds=3)
    assert [ask(helix).status_code for _ in range(2)] == [200, 429]
    deadline = time.monotonic() + 10
    while ask(helix).status_code == 429:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.usefixtures("small_bucket")
def test_points_are_counted_by_client_and_not_by_token(simulator: Handle, helix: httpx.Client) -> None:
    other = {"Authorization": f"Bearer {app_token(helix)}"}
    assert [ask(helix, headers).status_code for headers in (None, other, None, other)] == [200, 200, 200, 429]
    assert simulator.control.get("/helix/bucket")["left"][TWITCH_CLIENT_ID] == 0


def test_a_bucket_has_a_size(simulator: Handle) -> None:
    with pytest.raises(ControlError, match="at least one point"):
        simulator.control.post("/helix/bucket", points=0)

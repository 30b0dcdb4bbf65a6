from __future__ import annotations

import json
import time
from collections.abc import Iterator

import httpx
import pytest
from simulator_clients import app_token, client_of

from simulator import TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET
from simulator.running import ControlError, Handle, running

VALIDATE = "https://id.twitch.tv/oauth2/validate"
CHANNELS = "https://youtube.googleapis.com/youtube/v3/channels?part=snippet&mine=true"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    """A simulator whose tokens are nobody else's. It makes no media, because nobody asks for any."""
    with running(tmp_path_factory.mktemp("tokens"), "--broadcast-seconds", "0", "--media-on-demand") as handle:
        yield handle


@pytest.fixture
def client(apart: Handle) -> Iterator[httpx.Client]:
    with client_of(apart) as client:
        yield client


def google_fields(handle: Handle) -> dict[str, str]:
    kept = json.loads((handle.state_dir / "youtube-token.json").read_bytes())
    fields = {name: kept[name] for name in ("client_id", "client_secret", "refresh_token")}
    return {**fields, "grant_type": "refresh_token"}


def renew(http: httpx.Client, fields: dict[str, str]) -> httpx.Response:
    return http.post("https://oauth2.googleapis.com/token", data=fields)


def valid(http: httpx.Client, token: str) -> int:
    return http.get(VALIDATE, headers={"Authorization": f"OAuth {token}"}).status_code


def test_twitchs_and_googles_tokens_expire_apart(apart: Handle, client: httpx.Client) -> None:
    twitch = app_token(client)
    google = renew(client, google_fields(apart)).raise_for_status().json()["access_token"]
    assert apart.control.post("/tokens/google", expire=True)["tokens_expired"]
    assert client.get(CHANNELS, headers={"Authorization": f"Bearer {google}"}).status_code == 401
    assert valid(client, twitch) == 200
    apart.control.post("/tokens/twitch", expire=True)
    assert valid(client, twitch) == 401
    assert valid(client, app_token(client)) == 200


def test_tokens_can_live_for_seconds(apart: Handle, client: httpx.Client) -> None:
    apart.control.post("/tokens/twitch", seconds=3)
    try:
        token = app_token(client)
        assert valid(client, token) == 200
        deadline = time.monotonic() + 10
        while valid(client, token) == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    finally:
        apart.control.post("/tokens/twitch", seconds=None)
    assert valid(client, app_token(client)) == 200


def test_a_revoked_grant_is_invalid_until_another_is_made(apart: Handle, client: httpx.Client) -> None:
    before = google_fields(apart)
    assert apart.control.post("/tokens/google", revoke=True)["grants_revoked"] == 1
    refused = renew(client, before)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert google_fields(apart) != before
    assert renew(client, google_fields(apart)).status_code == 200


def test_twitchs_refresh_can_be_refused(simulator: Handle, http: httpx.Client) -> None:
    fault = {"status": 400, "reason": "Invalid refresh token", "times": 1}
    simulator.control.post("/faults", target="twitch-id/token", **fault)
    client = {"client_id": TWITCH_CLIENT_ID, "client_secret": TWITCH_CLIENT_SECRET}
    body = {**client, "grant_type": "refresh_token", "refresh_token": "x"}
    refused = http.post("https://id.twitch.tv/oauth2/token", data=body)
    assert (refused.status_code, refused.json()["message"]) == (400, "Invalid refresh token")


def test_other_tokens_are_unknown(simulator: Handle) -> None:
    with pytest.raises(ControlError, match="twitch's or google's"):
        simulator.control.post("/tokens/facebook", expire=True)

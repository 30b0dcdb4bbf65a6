from __future__ import annotations

import json

import httpx
import pytest
from simulator_clients import app_token

from simulator import TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET
from simulator.running import Handle

TOKEN, VALIDATE = "https://id.twitch.tv/oauth2/token", "https://id.twitch.tv/oauth2/validate"
CLIENT = {"client_id": TWITCH_CLIENT_ID, "client_secret": TWITCH_CLIENT_SECRET}


def test_refresh_tokens_rotate(simulator: Handle, http: httpx.Client) -> None:
    kept = json.loads((simulator.state_dir / "twitch-token.json").read_bytes())
    body = {**CLIENT, "grant_type": "refresh_token", "refresh_token": kept["refresh_token"]}
    renewed = http.post(TOKEN, data=body).raise_for_status().json()
    again = http.post(TOKEN, data=body)
    assert (again.status_code, again.json()["message"]) == (400, "Invalid refresh token")
    valid = http.get(VALIDATE, headers={"Authorization": f"OAuth {renewed['access_token']}"}).json()
    assert (valid["login"], valid["user_id"], valid["client_id"]) == ("pixel_pia", "812345601", TWITCH_CLIENT_ID)


def test_an_app_token_is_valid_and_an_invented_one_is_not(http: httpx.Client) -> None:
    valid = http.get(VALIDATE, headers={"Authorization": f"OAuth {app_token(http)}"})
    assert "login" not in valid.raise_for_status().json()
    invalid = http.get(VALIDATE, headers={"Authorization": "OAuth invented"})
    assert (invalid.status_code, invalid.json()["message"]) == (401, "invalid access token")


@pytest.mark.parametrize(
    ("change", "status", "message"),
    [
        ({"client_secret": "wrong"}, 403, "invalid client secret"),
        ({"client_id": "wrong"}, 400, "invalid client"),
        ({"client_id": ""}, 400, "missing client id"),
    ],
)
def test_a_wrong_client_is_refused(http: httpx.Client, change: dict[str, str], status: int, message: str) -> None:
    answer = http.post(TOKEN, data={**CLIENT, "grant_type": "client_credentials", **change})
    assert (answer.status_code, answer.json()["message"]) == (status, message)

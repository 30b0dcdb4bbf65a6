from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from oauth import tokens
from oauth.apptoken import AppToken
from oauth.crypto import seal, unseal
from oauth.models import Token
from oauth.providers import ClientRefused, Grant, GrantRefused
from simulator.running import Handle
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db(transaction=True)


def refreshes(provider: str, status: str) -> float:
    key = ("oauth_token_refresh", store.label_key((provider, status)), "value")
    return store.values(["oauth_token_refresh"]).get(key, 0.0)


def asked(simulator: Handle, host: str) -> int:
    return len(simulator.control.requests(host, "/token"))


@pytest.fixture
def youtube(simulator: Handle) -> Token:
    file = json.loads((simulator.state_dir / "youtube-token.json").read_text())
    return tokens.store_token("youtube", Grant("", file["refresh_token"], 0))


@pytest.fixture
def twitch(simulator: Handle) -> Token:
    """Connected anew for each test, because its refresh token rotates."""
    path = simulator.state_dir / "twitch-token.json"
    file = json.loads(path.read_text())
    token = tokens.store_token("twitch", Grant(file["access_token"], file["refresh_token"], 0))
    grant = tokens.refresh("twitch", file["refresh_token"])
    path.write_text(json.dumps(file | {"access_token": grant.access_token, "refresh_token": grant.refresh_token}))
    Token.objects.filter(pk=token.pk).update(
        refresh_token=seal(grant.refresh_token), access_token=seal(grant.access_token)
    )
    simulator.control.delete("/requests")
    return token


def keep(simulator: Handle) -> None:
    """The rotated refresh token, for the next test."""
    path = simulator.state_dir / "twitch-token.json"
    refresh = unseal(Token.objects.get(provider="twitch").refresh_token)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"refresh_token": refresh}))


def test_a_token_is_asked_for_once_and_then_used(youtube: Token, simulator: Handle) -> None:
    first = tokens.access_token("youtube")
    assert tokens.access_token("youtube") == first
    assert asked(simulator, "oauth2.googleapis.com") == 1
    assert refreshes("youtube", "success") == 1


def test_it_is_renewed_five_minutes_before_it_expires(youtube: Token, simulator: Handle) -> None:
    first = tokens.access_token("youtube")
    now = timezone.now()
    Token.objects.update(refreshed_at=now - timedelta(seconds=3300), expires_at=now + timedelta(seconds=301))
    assert tokens.access_token("youtube") == first
    Token.objects.update(expires_at=now + timedelta(seconds=299))
    assert tokens.access_token("youtube") != first
    assert asked(simulator, "oauth2.googleapis.com") == 2


def test_a_rotated_refresh_token_is_stored(twitch: Token, simulator: Handle) -> None:
    before = unseal(Token.objects.get().refresh_token)
    access = tokens.access_token("twitch")
    assert unseal(Token.objects.get().refresh_token) != before
    assert tokens.force_refresh("twitch", access) != access
    keep(simulator)


def test_workers_that_need_a_token_at_once_refresh_it_once(twitch: Token, simulator: Handle) -> None:
    got: list[str] = []

    def work() -> None:
        try:
            got.append(tokens.access_token("twitch"))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(got) == 6
    assert len(set(got)) == 1
    assert asked(simulator, "id.twitch.tv") == 1
    assert refreshes("twitch", "success") == 1
    keep(simulator)


def test_a_401_for_a_token_that_was_renewed_meanwhile_takes_the_new_one(youtube: Token, simulator: Handle) -> None:
    access = tokens.access_token("youtube")
    assert tokens.force_refresh("youtube", "an older one") == access
    assert asked(simulator, "oauth2.googleapis.com") == 1


def test_a_refused_connection_is_not_tried_again(youtube: Token, simulator: Handle) -> None:
    simulator.control.post("/youtube/faults", token={"status": 400, "reason": "invalid_grant", "times": 1})
    for _ in range(3):
        with pytest.raises(GrantRefused, match="reconnect"):
            tokens.access_token("youtube")
    assert asked(simulator, "oauth2.googleapis.com") == 1
    assert Token.objects.get().state == Token.State.RECONNECT
    assert not tokens.connected("youtube")
    assert "reconnect" in tokens.problem("youtube")
    assert refreshes("youtube", "failure") == 1


def test_a_wrong_client_names_its_variables_and_keeps_the_connection(
    youtube: Token, simulator: Handle, settings: Any
) -> None:
    right = settings.YT_CLIENT_SECRET
    settings.YT_CLIENT_SECRET = "wrong"
    for _ in range(2):
        with pytest.raises(ClientRefused, match="YT_CLIENT_ID and YT_CLIENT_SECRET") as caught:
            tokens.access_token("youtube")
        assert "wrong" not in str(caught.value)
    assert asked(simulator, "oauth2.googleapis.com") == 1
    settings.YT_CLIENT_SECRET = right
    assert tokens.access_token("youtube")
    assert tokens.problem("youtube") == ""


def test_trouble_at_the_provider_may_pass(youtube: Token, simulator: Handle) -> None:
    simulator.control.post("/youtube/faults", token={"status": 503, "times": 3})
    with pytest.raises(ServiceError) as caught:
        tokens.access_token("youtube")
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert tokens.connected("youtube")
    assert tokens.access_token("youtube")


def test_another_encryption_key_is_said_and_means_not_connected(youtube: Token, settings: Any) -> None:
    from cryptography.fernet import Fernet

    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    assert not tokens.connected("youtube")
    assert "ENCRYPTION_KEY does not fit" in tokens.problem("youtube")
    with pytest.raises(ServiceError, match="ENCRYPTION_KEY"):
        tokens.access_token("youtube")


def test_without_an_account_the_error_says_how_to_connect_one() -> None:
    with pytest.raises(ServiceError, match="importtoken youtube") as caught:
        tokens.access_token("youtube")
    assert caught.value.kind is ErrorKind.AUTH
    assert not tokens.connected("youtube")
    assert tokens.problem("youtube") == ""


def test_an_account_connected_during_a_renewal_is_not_overwritten(
    youtube: Token, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect_another_account(*_: str) -> Grant:
        tokens.store_token("youtube", Grant("new-access", "new-refresh", 3600))
        return Grant("old-access", "", 3600)

    monkeypatch.setitem(tokens._REFRESH, "youtube", connect_another_account)
    assert tokens.access_token("youtube") == "new-access"
    assert unseal(Token.objects.get().refresh_token) == "new-refresh"


def test_keep_fresh_renews_and_validates_every_account(youtube: Token, twitch: Token, simulator: Handle) -> None:
    tokens.keep_fresh()
    assert refreshes("youtube", "success") == refreshes("twitch", "success") == 1
    assert simulator.control.requests("id.twitch.tv", "/validate")
    keep(simulator)


def test_the_app_token_is_kept_in_memory_and_renewed_when_it_is_stale(simulator: Handle) -> None:
    source = AppToken()
    first = source.token()
    assert source.token() == first
    assert source.renewed(first) != first
    assert not Token.objects.exists()


def test_an_app_token_without_credentials_names_the_variables(settings: Any, simulator: Handle) -> None:
    settings.TWITCH_CLIENT_ID = settings.TWITCH_CLIENT_SECRET = ""
    with pytest.raises(ServiceError, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET are not set"):
        AppToken().token()


@pytest.mark.parametrize("name", ["TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET"])
def test_an_app_token_with_wrong_credentials_names_the_variables(settings: Any, simulator: Handle, name: str) -> None:
    setattr(settings, name, "wrong")
    with pytest.raises(ClientRefused, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET"):
        AppToken().token()

"""What Twitch's and Google's token endpoints say. No database here; the addresses are the real ones, always.

Sources: https://dev.twitch.tv/docs/authentication/ and https://developers.google.com/identity/protocols/oauth2/web-server.
Every function raises ServiceError: GrantRefused when the account must be connected again, ClientRefused when our own
client id or secret is wrong, TRANSIENT and RATE_LIMITED when trying again may help.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from vodtender.http import Client, ErrorKind, ServiceError

TWITCH_TOKEN = "https://id.twitch.tv/oauth2/token"  # noqa: S105 - an address
TWITCH_VALIDATE = "https://id.twitch.tv/oauth2/validate"
GOOGLE_TOKEN = "https://oauth2.googleapis.com/token"  # noqa: S105 - an address
YOUTUBE_CHANNELS = "https://www.googleapis.com/youtube/v3/channels"

CLIENT_VARIABLES = {
    "twitch": ("TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET"),
    "youtube": ("YT_CLIENT_ID", "YT_CLIENT_SECRET"),
}
_TEN_YEARS = 10 * 365 * 86400
SERVICE = {"twitch": "Twitch", "youtube": "Google"}
ACCOUNT = {"twitch": "Twitch", "youtube": "YouTube"}


class TokenSource(Protocol):
    """Gives an access token, and a new one for a token that was answered with 401."""

    def token(self) -> str: ...

    def renewed(self, stale: str) -> str: ...


class GrantRefused(ServiceError):
    """The refresh or access token is no longer accepted: only the account's owner can help, by connecting again."""


class ClientRefused(ServiceError):
    """The provider does not accept our client id or secret: only the operator can help."""


@dataclass(frozen=True)
class Grant:
    """A token response. `refresh_token` is empty when the old one stays good; `expires_in` is in seconds."""

    access_token: str = field(repr=False)
    refresh_token: str = field(default="", repr=False)
    expires_in: int | None = None
    scopes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Account:
    """Whose token it is."""

    id: str
    name: str
    scopes: tuple[str, ...] = ()
    expires_in: int | None = None


def refresh_google(client_id: str, client_secret: str, refresh_token: str) -> Grant:
    """A new access token; Google seldom changes the refresh token."""
    return _token("youtube", GOOGLE_TOKEN, client_id, client_secret, refresh_token)


def refresh_twitch(client_id: str, client_secret: str, refresh_token: str) -> Grant:
    """A new access token, and often a new refresh token that must be stored in place of the old one."""
    return _token("twitch", TWITCH_TOKEN, client_id, client_secret, refresh_token)


def app_token_twitch(client_id: str, client_secret: str) -> Grant:
    """An app access token (client credentials), which is all that the public Helix calls need."""
    form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": client_secret}
    return parse_grant(_post("twitch", TWITCH_TOKEN, form), "twitch")


def validate_twitch(access_token: str) -> Account:
    """Whose token this is. Twitch's rules ask for this call at the start and every hour. GrantRefused when it ended."""
    with Client("Twitch") as client:
        response = client.request("GET", TWITCH_VALIDATE, headers={"Authorization": f"OAuth {access_token}"})
    if response.status_code == 401:
        raise _reconnect("twitch", 401)
    body = _object(response, "twitch")
    scopes, expires_in = body.get("scopes"), body.get("expires_in")
    return Account(
        id=str(body.get("user_id") or ""),
        name=str(body.get("login") or ""),
        scopes=tuple(str(scope) for scope in scopes) if isinstance(scopes, list) else (),
        expires_in=_seconds(expires_in),
    )


def youtube_channel(access_token: str) -> Account | None:
    """The YouTube channel of this token; None when the token may only upload, and so may not ask."""
    with Client("YouTube", tries=1) as client:
        response = client.request(
            "GET",
            YOUTUBE_CHANNELS,
            params={"part": "snippet", "mine": "true"},
            headers={"Authorization": f"Bearer {access_token}"},
        )
    if response.status_code == 401:
        raise _reconnect("youtube", 401)
    if response.status_code != 200:
        return None
    items = _object(response, "youtube").get("items")
    if not isinstance(items, list) or not items or not isinstance(items[0], dict):
        return None
    snippet = items[0].get("snippet")
    title = snippet.get("title") if isinstance(snippet, dict) else ""
    return Account(id=str(items[0].get("id") or ""), name=str(title or ""))


def parse_grant(body: dict[str, Any], provider: str) -> Grant:
    """A token response, checked. `scope` is a list at Twitch, words in one text at Google."""
    access, refresh = body.get("access_token"), body.get("refresh_token")
    expires_in, scope = body.get("expires_in"), body.get("scope")
    if not isinstance(access, str) or not access or not isinstance(refresh, str | None):
        raise _odd(provider, "it holds no access token")
    scopes = scope.split() if isinstance(scope, str) else scope if isinstance(scope, list) else []
    return Grant(
        access_token=access,
        refresh_token=refresh or "",
        expires_in=_seconds(expires_in),
        scopes=tuple(str(word) for word in scopes),
    )


def _seconds(value: object) -> int | None:
    """A lifetime that can be counted with; Google's and Twitch's are hours to months."""
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _TEN_YEARS:
        return int(value)
    return None


def _token(provider: str, url: str, client_id: str, client_secret: str, refresh_token: str) -> Grant:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": client_id,
        "client_secret": client_secret,
    }
    return parse_grant(_post(provider, url, form), provider)


def _post(provider: str, url: str, form: dict[str, str]) -> dict[str, Any]:
    with Client(SERVICE[provider]) as client:
        response = client.request("POST", url, data=form)
    if response.status_code == 200:
        return _object(response, provider)
    raise _refusal(provider, response)


def _refusal(provider: str, response: httpx.Response) -> ServiceError:
    """Google: {"error": "invalid_grant"}; Twitch: {"status": 400, "message": "Invalid refresh token"}."""
    try:
        body = response.json()
    except ValueError:
        body = None
    body = body if isinstance(body, dict) else {}
    word, status = str(body.get("error") or ""), response.status_code
    if provider == "twitch":
        word = str(body.get("message") or word).lower()
    if "client" in word:
        return _wrong_client(provider, status, word)
    if word == "invalid_grant" or (provider == "twitch" and status in {400, 401}):
        return _reconnect(provider, status)
    text = f"{SERVICE[provider]} refused the token request ({status}). It is tried again by itself."
    return ServiceError(SERVICE[provider], ErrorKind.TRANSIENT, text, status=status)


def _wrong_client(provider: str, status: int, word: str) -> ClientRefused:
    client_id, secret = CLIENT_VARIABLES[provider]
    text = f"{SERVICE[provider]} does not accept our client: check {client_id} and {secret}, then restart."
    if word == "unauthorized_client":
        text = f"This account was connected with another client than {client_id}: set that client, or connect it again."
    return ClientRefused(SERVICE[provider], ErrorKind.AUTH, text, status=status)


def _reconnect(provider: str, status: int) -> GrantRefused:
    text = (
        f"{SERVICE[provider]} no longer accepts the connection to the {ACCOUNT[provider]} account (it expired or was "
        f"withdrawn). Please reconnect it (manage.py importtoken {provider} FILE)."
    )
    return GrantRefused(SERVICE[provider], ErrorKind.AUTH, text, status=status)


def _object(response: httpx.Response, provider: str) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        raise _odd(provider, "it is no JSON") from None
    if response.status_code != 200 or not isinstance(body, dict):
        raise _odd(provider, f"status {response.status_code}")
    return body


def _odd(provider: str, what: str) -> ServiceError:
    text = f"{SERVICE[provider]} gave an answer that cannot be used: {what}. It is tried again by itself."
    return ServiceError(SERVICE[provider], ErrorKind.TRANSIENT, text)

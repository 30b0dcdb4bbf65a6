"""Connects an account from tokens that somebody brings: proves them first where that is possible, then stores them."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace

from oauth import providers, tokens
from oauth.models import Token
from oauth.providers import Account, ClientRefused, Grant, GrantRefused
from vodtender.http import ServiceError
from vodtender.telemetry.metrics import TOKEN_REFRESHES
from vodtender.telemetry.store import Count, record

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Connection:
    """The stored token; `doubt` is a sentence when it could not be proven now."""

    token: Token
    doubt: str = ""


def connect(provider: str, grant: Grant) -> Connection:
    """Stores `grant` in place of the account before.

    Raises ServiceError (AUTH) when the provider refuses it; the account before is kept then.
    """
    doubt = ""
    try:
        grant = _proven(provider, grant)
    except (GrantRefused, ClientRefused):
        record(Count(TOKEN_REFRESHES, (provider, "failure")))
        raise
    except ServiceError as error:
        doubt = f"The token could not be checked now: {error.message}"
    token = tokens.store_token(provider, grant, account=_account(provider, grant.access_token))
    return Connection(token, doubt)


def _proven(provider: str, grant: Grant) -> Grant:
    """Renewed once: that shows that the refresh token and our client fit, and tells the expiry."""
    fresh = tokens.refresh(provider, grant.refresh_token)
    record(Count(TOKEN_REFRESHES, (provider, "success")))
    return replace(fresh, refresh_token=fresh.refresh_token or grant.refresh_token, scopes=fresh.scopes or grant.scopes)


def _account(provider: str, access: str) -> Account | None:
    """Whose token it is, when it can be asked."""
    if not access:
        return None
    try:
        return providers.validate_twitch(access) if provider == "twitch" else providers.youtube_channel(access)
    except ServiceError as error:
        log.info("Whose account this is could not be asked: %s", error.message)
        return None

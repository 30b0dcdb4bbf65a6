"""Gives out valid access tokens, renews them, and stores what changes.

How a renewal goes, so that a rotating refresh token is used once and never lost:
1. Take the provider's lock (locks.py) and read the row again: another worker may have renewed it meanwhile.
2. Ask the provider, with no transaction open.
3. Write the answer and its count in one transaction, on condition that the row still holds the refresh token that was
   used; otherwise somebody connected the account anew, and the new connection wins.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from oauth import providers
from oauth.crypto import seal, unseal
from oauth.locks import refresh_lock
from oauth.models import Provider, Token
from oauth.providers import ACCOUNT, CLIENT_VARIABLES, SERVICE, Account, ClientRefused, Grant, GrantRefused
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry.metrics import TOKEN_REFRESHES
from vodtender.telemetry.store import Count, record

log = logging.getLogger(__name__)

EARLY = timedelta(minutes=5)
_REFRESH: dict[str, Callable[[str, str, str], Grant]] = {
    "twitch": providers.refresh_twitch,
    "youtube": providers.refresh_google,
}
# A client that was refused is not asked with again by this process: only a restart brings other settings.
_refused_clients: dict[tuple[str, str, str], str] = {}


class AccountToken:
    """The connected account's token, as the clients of Helix and YouTube take it."""

    def __init__(self, provider: str) -> None:
        self._provider = provider

    def token(self) -> str:
        return access_token(self._provider)

    def renewed(self, stale: str) -> str:
        return force_refresh(self._provider, stale)


def access_token(provider: str) -> str:
    """An access token that is good for some minutes. Raises ServiceError: AUTH when a person must act."""
    token = _row(provider)
    if _is_fresh(token, timezone.now()):
        return unseal(token.access_token)
    return _renewed(provider, stale=None)


def force_refresh(provider: str, stale_access_token: str) -> str:
    """Another access token than `stale_access_token`, which was answered with 401."""
    return _renewed(provider, stale=stale_access_token)


def connected(provider: str) -> bool:
    """True when an account is connected whose tokens can be read and were not refused."""
    token = Token.objects.filter(provider=provider, state=Token.State.OK).first()
    return token is not None and not _unreadable(token)


def problem(provider: str) -> str:
    """What is wrong with the connected account, as a sentence; empty when nothing is, or when none is connected."""
    token = Token.objects.filter(provider=provider).first()
    if token is None:
        return ""
    return token.error or _unreadable(token)


def store_token(provider: str, grant: Grant, *, account: Account | None = None) -> Token:
    """Connects an account in place of the one before. `grant` must hold a refresh token."""
    now = timezone.now()
    values = {
        **_sealed(grant, now),
        "refresh_token": seal(grant.refresh_token),
        "account_id": account.id if account else "",
        "account_name": account.name if account else "",
        "scopes": " ".join(grant.scopes or (account.scopes if account else ())),
    }
    forget_refusals()
    token, _ = Token.objects.update_or_create(provider=provider, defaults=values)
    log.info("The %s account %s is connected.", ACCOUNT[provider], token.account_name or "(name not known)")
    return token


def refresh(provider: str, refresh_token: str) -> Grant:
    """Asks the provider for a new access token; what it answers is for the caller to store."""
    client_id, secret = client_credentials(provider)
    if (refusal := _refused_clients.get((provider, client_id, secret))) is not None:
        raise ClientRefused(SERVICE[provider], ErrorKind.AUTH, refusal)
    try:
        return _REFRESH[provider](client_id, secret, refresh_token)
    except ClientRefused as error:
        _refused_clients[provider, client_id, secret] = error.message
        raise


def client_credentials(provider: str) -> tuple[str, str]:
    """Our client's id and secret at the provider. Raises ServiceError (AUTH) naming what is not set."""
    names = CLIENT_VARIABLES[provider]
    missing = [name for name in names if not getattr(settings, name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        text = f"{' and '.join(missing)} {verb} not set. The README says how to get them from {SERVICE[provider]}."
        raise ServiceError(SERVICE[provider], ErrorKind.AUTH, text)
    return getattr(settings, names[0]), getattr(settings, names[1])


def forget_refusals() -> None:
    """Lets clients that were refused be asked with again."""
    _refused_clients.clear()


def keep_fresh() -> None:
    """Renews what expires soon and validates the Twitch account, which its rules ask for every hour. Never raises."""
    for provider in Token.objects.filter(state=Token.State.OK).values_list("provider", flat=True):
        try:
            access = access_token(provider)
            if provider == Provider.TWITCH:
                _validate(access)
        except ServiceError as error:
            log.warning("The %s account's token: %s", ACCOUNT[provider], error.message)


def _validate(access: str) -> None:
    try:
        providers.validate_twitch(access)
    except GrantRefused:
        force_refresh(Provider.TWITCH, access)


def _renewed(provider: str, stale: str | None) -> str:
    with refresh_lock(provider):
        token = _row(provider)
        access = unseal(token.access_token) if token.access_token else ""
        if access and access != stale and _is_fresh(token, timezone.now()):
            return access
        try:
            grant = refresh(provider, unseal(token.refresh_token))
        except ServiceError as error:
            _note_failure(token, error)
            raise
        return _store_renewal(token, grant)


def _store_renewal(token: Token, grant: Grant) -> str:
    values = _sealed(grant, timezone.now())
    if grant.refresh_token:
        values["refresh_token"] = seal(grant.refresh_token)
    if grant.scopes:
        values["scopes"] = " ".join(grant.scopes)
    with transaction.atomic():
        stored = Token.objects.filter(pk=token.pk, refresh_token=token.refresh_token).update(**values)
        record(Count(TOKEN_REFRESHES, (token.provider, "success")))
    if stored:
        return grant.access_token
    return unseal(_row(token.provider).access_token)


def _note_failure(token: Token, error: ServiceError) -> None:
    """What may pass is only counted; what a person must mend is kept with the row, and ends the trying."""
    values: dict[str, object] = {}
    if isinstance(error, GrantRefused):
        values = {"state": Token.State.RECONNECT, "error": error.message, "updated_at": timezone.now()}
    elif error.kind == ErrorKind.AUTH:
        values = {"error": error.message, "updated_at": timezone.now()}
    with transaction.atomic():
        if values:
            Token.objects.filter(pk=token.pk, refresh_token=token.refresh_token).update(**values)
        record(Count(TOKEN_REFRESHES, (token.provider, "failure")))


def _sealed(grant: Grant, now: datetime) -> dict[str, object]:
    return {
        "access_token": seal(grant.access_token) if grant.access_token else "",
        "expires_at": now + timedelta(seconds=grant.expires_in) if grant.expires_in is not None else None,
        "state": Token.State.OK,
        "error": "",
        "refreshed_at": now,
        "updated_at": now,
    }


def _row(provider: str) -> Token:
    token = Token.objects.filter(provider=provider).first()
    name = ACCOUNT[provider]
    if token is None:
        text = f"No {name} account is connected. Connect one (manage.py importtoken {provider} FILE)."
        raise ServiceError(SERVICE[provider], ErrorKind.AUTH, text)
    if token.state == Token.State.RECONNECT:
        raise GrantRefused(SERVICE[provider], ErrorKind.AUTH, token.error)
    return token


def _is_fresh(token: Token, now: datetime) -> bool:
    """Good for five minutes, or for half of its life when that is shorter. Without an expiry it is used until a 401."""
    if not token.access_token:
        return False
    if token.expires_at is None:
        return True
    early = EARLY
    if token.refreshed_at is not None:
        early = min(EARLY, (token.expires_at - token.refreshed_at) / 2)
    return token.expires_at - early > now


def _unreadable(token: Token) -> str:
    try:
        unseal(token.refresh_token)
    except ServiceError as error:
        return error.message
    return ""

"""Access and refresh tokens that were given out, kept in tokens.json before they leave."""

from __future__ import annotations

import secrets
import string
import time
from pathlib import Path
from typing import Any

from .documents import read_json, write_json

_LETTERS = string.ascii_lowercase + string.digits
TWITCH_APP_SECONDS = 5_000_000
TWITCH_USER_SECONDS = 4 * 3600
GOOGLE_SECONDS = 3599


class TokenBook:
    """Grants by token text: provider, client_id, login (None for an app), scopes, expires_at (unix seconds)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        kept = read_json(path) or {"access": {}, "refresh": {}, "playback_secret": secrets.token_hex(20)}
        self.access: dict[str, dict[str, Any]] = kept["access"]
        self.refresh: dict[str, dict[str, Any]] = kept["refresh"]
        self.playback_secret: str = kept["playback_secret"]
        self.lifetimes: dict[str, int] = kept.get("lifetimes", {})
        """Seconds that new access tokens of a provider live, where it is not the usual time."""
        self.save()

    def save(self) -> None:
        kept = {"access": self.access, "refresh": self.refresh, "playback_secret": self.playback_secret}
        write_json(self._path, kept | {"lifetimes": self.lifetimes})

    def new_access(self, provider: str, client_id: str, seconds: int, login: str | None, scopes: list[str]) -> str:
        text = f"ya29.{secrets.token_urlsafe(40)}" if provider == "google" else random_token(30)
        self.access[text] = {
            "provider": provider,
            "client_id": client_id,
            "login": login,
            "scopes": scopes,
            "expires_at": time.time() + seconds,
        }
        self.save()
        return text

    def new_refresh(self, provider: str, client_id: str, login: str, scopes: list[str]) -> str:
        text = f"1//{secrets.token_urlsafe(40)}" if provider == "google" else random_token(50)
        self.refresh[text] = {"provider": provider, "client_id": client_id, "login": login, "scopes": scopes}
        self.save()
        return text

    def drop_refresh(self, text: str) -> None:
        self.refresh.pop(text, None)
        self.save()

    def valid(self, text: str, provider: str) -> dict[str, Any] | None:
        """The grant behind an access token, or None when it is unknown, expired or another provider's."""
        grant = self.access.get(text)
        if grant is None or grant["provider"] != provider or grant["expires_at"] <= time.time():
            return None
        return grant

    def lifetime(self, provider: str, usual: int) -> int:
        """Seconds that a new access token lives."""
        return self.lifetimes.get(provider, usual)

    def set_lifetime(self, provider: str, seconds: int | None) -> None:
        """From now on; None for the usual time again."""
        if seconds is None:
            self.lifetimes.pop(provider, None)
        else:
            self.lifetimes[provider] = int(seconds)
        self.save()

    def revoke_all(self, provider: str) -> int:
        """Ends every grant of the provider for good, as its user can; returns how many."""
        ended = [t for t, g in self.refresh.items() if g["provider"] == provider]
        for text in ended:
            del self.refresh[text]
        self.expire_all(provider)
        return len(ended)

    def expire_all(self, provider: str) -> int:
        """Ends every access token of the provider; returns how many."""
        ended = [t for t, g in self.access.items() if g["provider"] == provider]
        for text in ended:
            del self.access[text]
        self.save()
        return len(ended)


def random_token(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))

"""The app access token for Helix: kept in this process's memory, and nowhere else."""

from __future__ import annotations

import threading
import time

from oauth import providers, tokens

_EARLY_SECONDS = 300.0


class AppToken:
    """Asks for a token when there is none, when it ends soon, or when Helix answered 401. Safe among threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._value = ""
        self._client: tuple[str, str] | None = None
        self._good_until = 0.0

    def token(self) -> str:
        """Raises ServiceError: AUTH naming TWITCH_CLIENT_ID or TWITCH_CLIENT_SECRET when a person must act."""
        return self.renewed("")

    def renewed(self, stale: str) -> str:
        """Another token than `stale`."""
        with self._lock:
            client = tokens.client_credentials("twitch")
            old = self._client != client or self._value == stale or time.monotonic() > self._good_until
            if not self._value or old:
                grant = providers.app_token_twitch(*client)
                self._value, self._client = grant.access_token, client
                life = grant.expires_in or 3600
                self._good_until = time.monotonic() + life - min(_EARLY_SECONDS, life / 2)
            return self._value

    def forget(self) -> None:
        """Asks anew at the next use."""
        with self._lock:
            self._value, self._client = "", None


app_token = AppToken()

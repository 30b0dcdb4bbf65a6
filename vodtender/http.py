"""The one outbound HTTP client: timeouts, retry with backoff, and one typed error.

It obeys HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE. What an answer means is decided beside each service.
"""

from __future__ import annotations

import email.utils
import os
import random
import ssl
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import httpx

from vodtender.env import Env, EnvError

TIMEOUT = httpx.Timeout(20.0, connect=10.0)
RETRIED_STATUS = frozenset({429, 500, 502, 503, 504})
USER_AGENT = "vod-tender/0.1"


class ErrorKind(StrEnum):
    """What an error means for the work that met it."""

    TRANSIENT = "transient"
    RATE_LIMITED = "rate_limited"
    RESTRICTED = "restricted"
    GONE = "gone"
    INVALID = "invalid"
    MISSING_SEGMENT = "missing_segment"
    DISK_FULL = "disk_full"
    QUOTA = "quota"
    AUTH = "auth"
    OUTDATED_YTDLP = "outdated_ytdlp"
    BUG = "bug"


RETRYABLE = frozenset(
    {ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED, ErrorKind.DISK_FULL, ErrorKind.QUOTA, ErrorKind.AUTH}
)


class ServiceError(Exception):
    """An outside service, or the system below us, refused.

    `message` is a sentence for the user that says what happened and what to do; it never holds a secret.
    `retry_after` is in seconds, when the service named one. `permanent` says that trying again cannot help.
    """

    def __init__(
        self,
        service: str,
        kind: ErrorKind,
        message: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.service = service
        self.kind = kind
        self.message = message
        self.status = status
        self.retry_after = retry_after

    @property
    def permanent(self) -> bool:
        return self.kind not in RETRYABLE


def retry_after_seconds(
    headers: Mapping[str, str], now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> float | None:
    """Seconds that a Retry-After (a number or an HTTP date) or Twitch's Ratelimit-Reset (epoch) asks to wait."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    if value:
        try:
            return max(0.0, (email.utils.parsedate_to_datetime(value) - now()).total_seconds())
        except (ValueError, TypeError):
            return None
    reset = headers.get("Ratelimit-Reset", "").strip()
    if reset.isascii() and reset.isdigit():
        return max(0.0, int(reset) - now().timestamp())
    return None


def backoff_seconds(attempt: int, base: float, most: float = 300.0) -> float:
    """Exponential backoff with jitter: attempt 1 waits about `base` seconds, each further one twice as long."""
    return min(most, base * 2.0 ** min(attempt - 1, 30)) * (0.5 + random.random())  # noqa: S311 - jitter


def check_environment() -> None:
    """Raises EnvError when a proxy or SSL_CERT_FILE of the environment cannot be used."""
    if path := os.environ.get("SSL_CERT_FILE"):
        try:
            ssl.create_default_context(cafile=path)
        except OSError as error:  # ssl.SSLError is one
            text = f"SSL_CERT_FILE names {path}, which cannot be used: {error.strerror or error}."
            raise EnvError(f"{text} It should be a file of certificates (PEM).") from None
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        value = os.environ.get(name, "").strip()
        Env({name: value if "://" in value or not value else f"http://{value}"}).url(name, "", ("http", "https"))


class Client:
    """A httpx client for one service. Retries what may pass (no connection, 429, 5xx), at most `tries` times."""

    def __init__(
        self, service: str, *, tries: int = 3, longest_wait: float = 30.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.service = service
        self._tries = tries
        self._longest_wait = longest_wait
        self._sleep = sleep
        try:
            self._http = httpx.Client(timeout=TIMEOUT, headers={"User-Agent": USER_AGENT}, follow_redirects=False)
        except (ValueError, OSError, ImportError):
            check_environment()
            raise

    def close(self) -> None:
        self._http.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def request(self, method: str, url: str, **options: Any) -> httpx.Response:
        """The answer, whatever its status below 500 other than 429. Raises ServiceError when no try got one."""
        for attempt in range(1, self._tries + 1):
            last = attempt == self._tries
            try:
                response = self._http.request(method, url, **options)
            except httpx.TransportError as error:
                if last:
                    raise self._unreachable(error) from error
                self._sleep(backoff_seconds(attempt, 0.5))
                continue
            if response.status_code not in RETRIED_STATUS:
                return response
            wait = retry_after_seconds(response.headers)
            if last or (wait or 0.0) > self._longest_wait:
                raise self._refused(response, wait)
            self._sleep(backoff_seconds(attempt, 0.5) if wait is None else wait)
        raise AssertionError("unreachable")

    def _unreachable(self, error: httpx.TransportError) -> ServiceError:
        what = "took too long to answer" if isinstance(error, httpx.TimeoutException) else "cannot be reached"
        text = f"{self.service} {what} ({type(error).__name__}). It is tried again; check the network if this stays."
        return ServiceError(self.service, ErrorKind.TRANSIENT, text)

    def _refused(self, response: httpx.Response, wait: float | None) -> ServiceError:
        if response.status_code == 429:
            text = f"{self.service} says that we ask too often (429). It is tried again later by itself."
            return ServiceError(self.service, ErrorKind.RATE_LIMITED, text, status=429, retry_after=wait)
        text = f"{self.service} has trouble of its own ({response.status_code}). It is tried again by itself."
        return ServiceError(self.service, ErrorKind.TRANSIENT, text, status=response.status_code, retry_after=wait)

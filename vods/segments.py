"""Fetches the bodies of segments: every length checked, what may pass retried, what is missing told apart."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import urllib3
from urllib3.response import BaseHTTPResponse

from vods.buffers import Buffers
from vods.connections import Aborted, Connections
from vods.errors import MISSING_STATUS, server_error
from vods.ratelimit import TokenBucket
from vodtender.http import backoff_seconds, retry_after_seconds

CHUNK = 1 << 18
LARGEST_BODY = 512 << 20
UNKNOWN_BODY = 4 << 20


@dataclass(frozen=True)
class Patience:
    """How long one try of a VOD bears with the server. Seconds, except the tries.

    A body that brings less than `slow_bytes` in `slow_seconds` is given up and asked for anew.
    """

    tries: int = 8
    missing_tries: int = 4
    backoff: float = 0.5
    longest_backoff: float = 15.0
    longest_wait: float = 60.0
    read_seconds: float = 20.0
    slow_seconds: float = 30.0
    slow_bytes: int = 64_000


class Missing(Exception):
    """The server says, on every try, that there is no such piece."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status}")
        self.status = status


class _Failed(Exception):
    """One try failed; it may be tried again after `wait` seconds (None: our own backoff)."""

    def __init__(self, why: str, *, status: int | None = None, wait: float | None = None) -> None:
        super().__init__(why)
        self.why = why
        self.status = status
        self.wait = wait


class Fetcher:
    """Fetches bodies over `connections`, for several threads. A 429 or a Retry-After holds all of them back."""

    def __init__(
        self, connections: Connections, headers: Mapping[str, str], patience: Patience, bucket: TokenBucket
    ) -> None:
        self._connections = connections
        # Lengths are checked, so nobody may compress on the way.
        self._headers = {k: v for k, v in headers.items() if k.lower() != "accept-encoding"} | {
            "Accept-Encoding": "identity"
        }
        self._patience = patience
        self._bucket = bucket
        self.buffers = Buffers()
        self._held_until = 0.0

    def fetch(
        self,
        url: str,
        what: str,
        check: Callable[[memoryview], str | None] = lambda _: None,
        *,
        missing_tries: int | None = None,
    ) -> memoryview:
        """The complete body. `what` names it in errors; `check` may object to a complete body by returning why.

        It may be given to `buffers` when it is used no more.

        `missing_tries`: how often the server must say that there is no such thing, None for as often as patience says.
        Raises Missing, Aborted, and ServiceError (TRANSIENT, RATE_LIMITED, INVALID) after the last try.
        """
        missing = 0
        enough = missing_tries or self._patience.missing_tries
        for attempt in itertools.count(1):
            self._sleep(self._held_until - time.monotonic())
            try:
                body = self._once(url)
                if objection := check(body):
                    raise _Failed(objection)
                return body
            except _Failed as failed:
                missing += failed.status in MISSING_STATUS
                if missing >= enough:
                    raise Missing(failed.status or 0) from None
                if attempt >= self._patience.tries or (failed.wait or 0.0) > self._patience.longest_wait:
                    raise server_error(what, failed.why, attempt, status=failed.status, wait=failed.wait) from None
                self._hold(failed, attempt)
        raise AssertionError("unreachable")

    def _hold(self, failed: _Failed, attempt: int) -> None:
        wait = failed.wait
        if wait is None:
            wait = backoff_seconds(attempt, self._patience.backoff, self._patience.longest_backoff)
        if failed.status == 429 or failed.wait is not None:
            self._held_until = max(self._held_until, time.monotonic() + wait)
        else:
            self._sleep(wait)

    def _sleep(self, seconds: float) -> None:
        if self._connections.aborted.wait(seconds) if seconds > 0 else self._connections.aborted.is_set():
            raise Aborted

    def _once(self, url: str) -> memoryview:
        try:
            response = self._connections.get(url, self._headers)
            try:
                if response.status != 200:
                    wait = retry_after_seconds(response.headers) if response.status in {429, 503} else None
                    raise _Failed(f"the server answered {response.status}", status=response.status, wait=wait)
                body = self._read(response)
            except BaseException:
                response.close()  # what is left of this body must not be taken for the next answer
                raise
            response.release_conn()
            return body
        except (urllib3.exceptions.HTTPError, OSError, ValueError) as error:
            # ValueError: http.client and urllib3 raise it when the socket is closed under a read.
            if self._connections.aborted.is_set():
                raise Aborted from None
            raise _Failed(_reason(error)) from error

    def _read(self, response: BaseHTTPResponse) -> memoryview:
        length = response.headers.get("Content-Length", "")
        chunked = "chunked" in response.headers.get("Transfer-Encoding", "").lower()
        expected = int(length) if length.isascii() and length.isdigit() and not chunked else None
        if expected is None and not chunked:
            raise _Failed("the server did not say how long the body is")
        if (expected or 0) > LARGEST_BODY:
            raise _Failed(f"the body is longer than {LARGEST_BODY} bytes")
        body = self.buffers.take(expected or UNKNOWN_BODY)
        size = 0
        for data in self._chunks(response):
            if size + len(data) > len(body):
                if expected is not None or size + len(data) > LARGEST_BODY:
                    raise _Failed(f"the body is longer than {expected or LARGEST_BODY} bytes")
                body = _longer(body, size, self.buffers.take(2 * len(body)))
            body[size : size + len(data)] = data
            size += len(data)
        if self._connections.aborted.is_set():
            raise Aborted  # whatever was read may be cut
        if (expected is not None and size != expected) or not size:
            raise _Failed(f"the body ended after {size} of {length or 'some'} bytes")
        return body[:size]

    def _chunks(self, response: BaseHTTPResponse) -> Iterator[bytes]:
        """What comes, at the pace that is allowed and wanted."""
        pace = _Pace(self._patience)
        while data := response.read1(self._bucket.chunk(CHUNK)):
            yield data
            pace.check(len(data))
            if delay := self._bucket.delay(len(data)):
                self._sleep(delay)
                pace.pause(delay)


def _longer(body: memoryview, size: int, longer: memoryview) -> memoryview:
    longer[:size] = body[:size]
    return longer


class _Pace:
    """Notices a body that only drips."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._since = time.monotonic()
        self._bytes = 0

    def check(self, count: int) -> None:
        self._bytes += count
        now = time.monotonic()
        if now - self._since < self._patience.slow_seconds:
            return
        if self._bytes < self._patience.slow_bytes:
            raise _Failed(f"the server sent only {self._bytes} bytes in {now - self._since:.0f} s")
        self._since, self._bytes = now, 0

    def pause(self, seconds: float) -> None:
        self._since += seconds


def _reason(error: BaseException) -> str:
    match error:
        case urllib3.exceptions.ProxyError():
            return "the proxy did not connect us"
        case urllib3.exceptions.SSLError():
            return "the TLS connection failed (check SSL_CERT_FILE if this stays)"
        case urllib3.exceptions.NameResolutionError():
            return "its host name was not found"
        case urllib3.exceptions.NewConnectionError():
            return "no connection could be made"
        case urllib3.exceptions.TimeoutError():
            return "the server sent nothing for too long"
        case urllib3.exceptions.IncompleteRead():
            return "the body was cut short"
        case _:
            return f"the connection broke ({type(error).__name__})"

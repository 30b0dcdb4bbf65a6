"""Carries googleapiclient's requests: what it takes in place of a httplib2.Http.

httplib2 sends a request again by itself when a connection breaks, with a body that has been read to its end; and
nothing interrupts it while it waits. So the requests go through httpx, which obeys HTTPS_PROXY, NO_PROXY and
SSL_CERT_FILE, on a thread of their own: the caller sees a stop within seconds, whatever the network does. A request
that is abandoned sends no further block, and the next probe tells how far it came.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import httplib2
import httpx

from oauth.providers import TokenSource
from vods.stopped import Stopped
from vodtender.http import USER_AGENT

BLOCK_BYTES = 256 * 1024
GRACE_SECONDS = 2.0  # a request that is all but done when the stop comes may end
TIMEOUT = httpx.Timeout(60.0, connect=10.0, read=120.0)
_TICK_SECONDS = 0.2


class Body(Protocol):
    """googleapiclient's slice of the file: reads from where it stands, at most to the end of the chunk."""

    def read(self, n: int = -1) -> bytes: ...


class ShortBody(Exception):
    """The file ended before the chunk did: it was cut while it was uploaded."""


class Transport:
    """`on_sent` is told, on the caller's own thread, how many bytes of the current body have left.

    Raises Stopped, ShortBody, httpx.RequestError, and what the token source raises.
    """

    def __init__(self, tokens: TokenSource, stop: threading.Event, on_sent: Callable[[int], None]) -> None:
        self._tokens = tokens
        self._stop = stop
        self._on_sent = on_sent
        self._http = httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._sent = 0
        self.token = ""

    def close(self) -> None:
        self._http.close()

    def request(
        self,
        uri: str,
        method: str = "GET",
        body: str | bytes | Body | None = None,
        headers: Mapping[str, str] | None = None,
        **_: Any,
    ) -> tuple[httplib2.Response, bytes]:
        """One request, sent once. The answer in the shape that googleapiclient reads."""
        if self._stop.is_set():
            raise Stopped
        self.token = self._tokens.token()
        all_headers = {name.lower(): value for name, value in (headers or {}).items()}
        all_headers["authorization"] = f"Bearer {self.token}"
        all_headers["user-agent"] = f"{USER_AGENT} (gzip)"  # Google compresses only for a client that says so here too
        content = body if body is None or isinstance(body, str | bytes) else self._blocks(body, all_headers)
        self._sent = 0
        response = self._on_thread(lambda: self._http.request(method, uri, content=content, headers=all_headers))
        fields = {name.lower(): value for name, value in response.headers.items()}
        return httplib2.Response({**fields, "status": str(response.status_code)}), response.content

    def _blocks(self, body: Body, headers: Mapping[str, str]) -> Iterator[bytes]:
        left = int(headers["content-length"])
        while left > 0:
            if self._stop.is_set():
                raise Stopped
            block = body.read(min(BLOCK_BYTES, left))
            if not block:
                raise ShortBody
            yield block
            left -= len(block)
            self._sent += len(block)

    def _on_thread(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        outcome: queue.SimpleQueue[httpx.Response | BaseException] = queue.SimpleQueue()

        def run() -> None:
            try:
                outcome.put(send())
            except BaseException as error:  # noqa: BLE001 - it is raised again on the caller's thread
                outcome.put(error)

        threading.Thread(target=run, name="youtube-request", daemon=True).start()
        grace = GRACE_SECONDS
        while True:
            try:
                result = outcome.get(timeout=_TICK_SECONDS)
            except queue.Empty:
                self._on_sent(self._sent)
                if self._stop.is_set():
                    grace -= _TICK_SECONDS
                if grace <= 0:
                    raise Stopped from None
                continue
            if isinstance(result, BaseException):
                raise result
            return result

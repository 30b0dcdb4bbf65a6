"""The HTTP proxy: every `CONNECT host:443` becomes TLS to the one web server, whatever the host."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from http import HTTPStatus
from typing import cast

from .requestlog import RequestLog

_LONGEST_HEAD = 16_384


class _EarlyData(asyncio.Protocol):
    """Keeps what arrives with the last handshake bytes: start_tls tells a protocol of data before it returns."""

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class ConnectProtocol(asyncio.Protocol):
    """Reads one CONNECT, answers it, and hands the same connection, wrapped in TLS, to a web server's protocol.

    There is no second connection behind the proxy, so a reset by the web server reaches the client as a reset.
    """

    def __init__(self, web: Callable[[], asyncio.Protocol], context: ssl.SSLContext, log: RequestLog) -> None:
        self._web, self._context, self._log = web, context, log
        self._head = b""
        self._transport: asyncio.Transport
        self._upgrade: asyncio.Task[None] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._head += data
        if b"\r\n\r\n" in self._head:
            self._answer(self._head.split(b"\r\n", 1)[0].decode("latin-1"))
        elif len(self._head) > _LONGEST_HEAD:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "", "", "The request head is too long.")

    def _answer(self, request_line: str) -> None:
        method, _, rest = request_line.partition(" ")
        target = rest.split(" ")[0]
        if method != "CONNECT":
            self._refuse(HTTPStatus.BAD_GATEWAY, method, target, "This proxy serves https (CONNECT) only.")
        elif not target.endswith(":443"):
            self._refuse(HTTPStatus.BAD_GATEWAY, method, target, "This proxy serves port 443 only.")
        else:
            self._transport.pause_reading()  # What the client says next belongs to TLS.
            self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            self._upgrade = asyncio.get_running_loop().create_task(self._start_tls(target))

    async def _start_tls(self, target: str) -> None:
        early = _EarlyData()
        try:
            tls = await asyncio.get_running_loop().start_tls(
                self._transport, early, self._context, server_side=True, ssl_handshake_timeout=20
            )
        except (OSError, ssl.SSLError) as error:
            note = f"TLS handshake failed: {error}"
            self._log.add(host=target, method="CONNECT", path="", status=0, ms=0, note=note)
            return
        if tls is None or early.lost:
            return
        web = self._web()
        tls.set_protocol(web)
        web.connection_made(tls)
        if early.data:
            web.data_received(early.data)

    def _refuse(self, status: HTTPStatus, method: str, target: str, why: str) -> None:
        self._log.add(host=target, method=method, path="", status=status, ms=0, note=why)
        body = f"{why}\n".encode()
        head = f"HTTP/1.1 {status} {status.phrase}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n"
        self._transport.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        self._transport.close()

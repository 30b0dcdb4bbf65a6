"""The way in: a CONNECT proxy, behind it one TLS listener with a certificate for whatever host is asked for."""

from __future__ import annotations

import gzip
import json
import select
import socket
import socketserver
import ssl
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import trustme

from tests.standin.world import World


class Drop(Exception):
    """The connection is torn down without an answer."""


@dataclass
class Answer:
    """`body` is sent as JSON unless it is bytes or text; `rate` is bytes a second, 0 for no limit."""

    status: int
    body: Any = b""
    headers: dict[str, str] = field(default_factory=dict)
    rate: int = 0


class Request:
    """One request; its body is read when asked for, so that a connection can break in the middle of it."""

    def __init__(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        self.method, self.path, self.target = handler.command, parts.path, handler.path
        self.query = parse_qs(parts.query, keep_blank_values=True)
        self.headers = handler.headers
        self.host = self.headers.get("Host", "").removesuffix(":443")
        self.length = int(self.headers.get("Content-Length", "0"))
        self._left, self._stream = self.length, handler.rfile

    def read(self, count: int | None = None) -> bytes:
        data = self._stream.read(self._left if count is None else min(count, self._left))
        self._left -= len(data)
        return data

    def one(self, name: str) -> str:
        return self.query.get(name, [""])[0]

    @property
    def bearer(self) -> str:
        word, _, token = self.headers.get("Authorization", "").partition(" ")
        return token if word in {"Bearer", "OAuth"} else ""


Service = Callable[[Request], Answer | None]
"""None: nobody should have asked this."""


class Listener(ThreadingHTTPServer):
    """HTTPS for every host. `services` by host name; "*" for the rest."""

    daemon_threads = True

    def __init__(self, world: World, services: dict[str, Service]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.world, self.services = world, services
        self.authority = trustme.CA(organization_name="Another Stand-In")
        self._contexts: dict[str, ssl.SSLContext] = {}
        self._lock = threading.Lock()
        self.context = self._context("nobody.invalid")
        self.context.sni_callback = self._for_name
        self.authority.cert_pem.write_to_path(str(world.folder / "ca.pem"))

    def _context(self, name: str) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.authority.issue_cert(name).configure_cert(context)
        return context

    def _for_name(self, connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if name:
            with self._lock:
                connection.context = self._contexts.setdefault(name, self._contexts.get(name) or self._context(name))

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is its own business."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener

    def setup(self) -> None:
        self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def finish(self) -> None:
        super().finish()
        self.request.close()

    def answer(self) -> None:
        request, world = Request(self), self.server.world
        facts = {"method": request.method, "host": request.host, "path": request.target}
        service = self.server.services.get(request.host) or self.server.services["*"]
        try:
            found = service(request)
        except Drop:
            world.note("requests.log", **facts, status="dropped")
            self._tear()
            return
        if found is None:
            world.note("unexpected.log", **facts)
            found = Answer(404, {"error": "Not Found", "status": 404, "message": "nobody should have asked this"})
        world.note("requests.log", **facts, status=found.status)
        request.read()
        self._send(found)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = do_PATCH = answer  # http.server's names

    def _send(self, found: Answer) -> None:
        headers, body = dict(found.headers), found.body
        if not isinstance(body, bytes | str):
            body = json.dumps(body, separators=(",", ":"))
            headers.setdefault("content-type", "application/json")
            if "gzip" in self.headers.get("Accept-Encoding", "") and len(body) > 200:
                body = gzip.compress(body.encode())
                headers |= {"content-encoding": "gzip", "vary": "Accept-Encoding"}
        data = body.encode() if isinstance(body, str) else body
        self.send_response(found.status, "Resume Incomplete" if found.status == 308 else None)
        for name, value in {**headers, "content-length": str(len(data))}.items():
            self.send_header(name, value)
        self.end_headers()
        step = found.rate // 10 or len(data) or 1
        for start in range(0, len(data), step):
            self.wfile.write(data[start : start + step])
            if found.rate:
                time.sleep(0.1)

    def _tear(self) -> None:
        """A reset instead of an end."""
        self.close_connection = True
        self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        socket.close(self.request.detach())

    def log_message(self, *_: Any) -> None:
        """requests.log tells it."""


class Proxy(socketserver.ThreadingTCPServer):
    """CONNECT to any host ends at the listener; anything else was not to be asked."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, world: World, target: tuple[str, int]) -> None:
        super().__init__(("127.0.0.1", 0), _Tunnel)
        self.world, self.target = world, target


class _Tunnel(socketserver.StreamRequestHandler):
    server: Proxy
    rbufsize = 0  # what follows the head belongs to TLS

    def handle(self) -> None:
        method, _, rest = self.rfile.readline().decode("latin-1").partition(" ")
        while self.rfile.readline() not in {b"\r\n", b""}:
            pass
        if method != "CONNECT" or ":443 " not in rest:
            self.server.world.note("unexpected.log", method=method, host="the proxy", path=rest.strip())
            self.wfile.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(self.server.target) as behind:
            self._splice(self.connection, behind)

    def _splice(self, left: socket.socket, right: socket.socket) -> None:
        try:
            while True:
                for end in select.select([left, right], [], [])[0]:
                    data = end.recv(1 << 16)
                    if not data:
                        return
                    (right if end is left else left).sendall(data)
        except OSError:
            return  # one end broke; leaving closes both

    def finish(self) -> None:
        try:
            super().finish()
        except OSError:
            return

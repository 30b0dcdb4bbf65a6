"""Serves profiles over HTTP: on loopback for a person, on a Unix socket for the process above."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import socketserver
import threading
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from django.conf import settings

from vodtender.telemetry.profiling import children, endpoints, index, instruments
from vodtender.telemetry.profiling.endpoints import MOST_SECONDS, Answer, Refused

log = logging.getLogger(__name__)
PLACES = {"web": 0, "worker": 1, "recorder": 2}  # added to PPROF_ADDR's port
PREFIX = "/debug/pprof/"
_running: list[Server] = []


def start(role: str) -> None:
    """Begins to serve, on threads that end with the process. A problem is a warning: the process works without."""
    host, port = settings.PPROF_ADDR[0], settings.PPROF_ADDR[1] + PLACES.get(role, 0)
    if not (settings.PPROF_ALLOW_PUBLIC or is_loopback(host)):
        if role:
            log.warning(
                "No profiles are served: PPROF_ADDR %s:%d can be reached from other machines, and profiles show code "
                "and memory. Use localhost:6060, or set PPROF_ALLOW_PUBLIC=1 where nobody else gets there.",
                host,
                port,
            )
        return
    instruments.install()  # the commands have done so before; another server's process has not
    instruments.trace_memory(settings.PPROF_HEAP_FRAMES)
    try:
        _serve_children_side()
        if role:
            _serve(_tcp(host, port), role)
            log.info("Profiles are served on http://%s:%d%s.", host, port, PREFIX)
    except (OSError, OverflowError) as error:
        log.warning("Profiles are not served on %s:%d: %s.", host, port, error)
    os.register_at_fork(after_in_child=_after_fork)


def is_loopback(host: str) -> bool:
    """True when all addresses of `host` are reached from this machine alone."""
    try:
        found = {str(address[4][0]) for address in socket.getaddrinfo(host, None)}
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(ip_address(address.partition("%")[0]).is_loopback for address in found)


class Server(socketserver.ThreadingMixIn, socketserver.BaseServer):
    """Answers on a socket that listens already."""

    daemon_threads = True
    request_queue_size = 16

    def __init__(self, listening: socket.socket, role: str) -> None:
        super().__init__(listening.getsockname(), Handler)
        self.socket = listening
        self.role = role

    def fileno(self) -> int:
        return self.socket.fileno()

    def get_request(self) -> tuple[socket.socket, Any]:
        return self.socket.accept()

    def close_request(self, request: Any) -> None:
        request.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        log.warning("A request for a profile was not answered.", exc_info=True)


class Handler(BaseHTTPRequestHandler):
    """One request. `server.role` is empty on the Unix socket, where only this process itself is asked about."""

    server: Server
    timeout = 30
    server_version = "vod-tender"
    sys_version = ""

    def do_GET(self) -> None:
        try:
            self._check_host()
            self._answer()
        except Refused as refused:
            self._send(refused.status, "text/plain; charset=utf-8", f"{refused}\n".encode())
        except ConnectionError:
            return

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query, keep_blank_values=True))
        if not parts.path.startswith(PREFIX):
            if parts.path in {"/", "/debug/pprof"}:
                self._send(302, "text/plain", b"", ("Location", PREFIX))
                return
            raise Refused(404, f"Profiles are under {PREFIX}.")
        asked = self._pid(query)
        if asked != os.getpid():
            self._pass_on(asked, parts.path, query)
            return
        name = parts.path.removeprefix(PREFIX)
        if not name:
            self._send_index()
            return
        found = endpoints.answer(name, query)
        self._send(200, *_typed(found))

    def _check_host(self) -> None:
        """A page in somebody's browser may have a name that leads here: only names of loopback are answered."""
        host = (urlsplit(f"//{self.headers.get('Host', '')}").hostname or "").lower()
        if not (
            settings.PPROF_ALLOW_PUBLIC or host == settings.PPROF_ADDR[0] or host in {"localhost", "127.0.0.1", "::1"}
        ):
            raise Refused(403, "Ask for localhost.")

    def _pid(self, query: dict[str, str]) -> int:
        value = query.pop("pid", "") or str(os.getpid())
        if not (value.isascii() and value.isdigit() and len(value) < 10):
            raise Refused(400, "pid should be the number of a process below this one.")
        if not self.server.role and int(value) != os.getpid():
            raise Refused(404, "Ask the process above.")
        return int(value)

    def _pass_on(self, pid: int, path: str, query: dict[str, str]) -> None:
        target = f"{path}?{urlencode(query)}" if query else path
        try:
            status, kind, content = children.ask(pid, target, self.headers.get("Host", "localhost"), MOST_SECONDS)
        except LookupError:
            known = ", ".join(str(child) for child in children.below()) or "none"
            raise Refused(404, f"No process {pid} below this one serves profiles; these do: {known}.") from None
        except OSError as error:
            raise Refused(502, f"Process {pid} does not answer: {error}.") from None
        self._send(status, kind, content)

    def _send_index(self) -> None:
        nonce = secrets.token_urlsafe(16)
        below = children.below() if self.server.role else {}
        address = self.headers.get("Host", "localhost")
        shown = index.page(self.server.role, address, endpoints.counts(), below, nonce)
        policy = f"default-src 'none'; style-src 'nonce-{nonce}'; frame-ancestors 'none'; base-uri 'none'"
        self._send(200, "text/html; charset=utf-8", shown.encode(), ("Content-Security-Policy", policy))

    def _send(self, status: int, kind: str, content: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        named = self.path.partition("?")[0].rpartition("/")[2]
        if kind == "application/octet-stream" and named in endpoints.DESCRIPTIONS:
            headers = (*headers, ("Content-Disposition", f'attachment; filename="{named}"'))
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(content))), *headers):
            self.send_header(name, value)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def address_string(self) -> str:
        return str(self.client_address[0]) if self.client_address else "the process above"

    def log_message(self, format: str, *args: Any) -> None:
        log.debug("%s: %s", self.address_string(), format % args)


def _typed(found: Answer) -> tuple[str, bytes]:
    return "application/octet-stream" if found.file else "text/plain; charset=utf-8", found.content


def _tcp(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    return socket.create_server(address[:2], family=family)


def _serve(listening: socket.socket, role: str) -> None:
    server = Server(listening, role)
    _running.append(server)
    threading.Thread(target=server.serve_forever, name=f"profiles {role}".strip(), daemon=True).start()


def _serve_children_side() -> None:
    _serve(children.listener(), "")


def _after_fork() -> None:
    """A fork has no thread of its parent, but its sockets: it lets go of them and listens on one of its own."""
    while _running:
        _running.pop().socket.close()
    endpoints.begin_again()
    try:
        _serve_children_side()
    except OSError as error:
        log.warning("Profiles of process %d are not served: %s.", os.getpid(), error)

"""Pooled connections for the fetcher: proxy and TLS by environment, and an abort that wakes every blocked read.

Obeys HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY, upper or lower case, as the standard library reads them (so does
yt-dlp), and SSL_CERT_FILE; without it the system's and certifi's certificates count.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import urllib.request
import weakref
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urljoin, urlsplit

import certifi
import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.response import BaseHTTPResponse

from vodtender.http import ErrorKind, ServiceError

CONNECT_SECONDS = 4.0  # a connection being made cannot be woken, and stopping may take 5 s
REDIRECTS = 4
REDIRECT_STATUS = frozenset({301, 302, 303, 307, 308})


class Aborted(Exception):
    """The connections were told to end."""

    is_failure = False  # for traces


class Connections:
    """Open URLs from several threads. `abort` may be called from any thread, at any time."""

    def __init__(self, *, size: int, read_seconds: float) -> None:
        self.aborted = threading.Event()
        self._size = size
        self._timeout = urllib3.Timeout(connect=CONNECT_SECONDS, read=read_seconds)
        self._lock = threading.Lock()
        self._managers: dict[tuple[str | None, bool], urllib3.PoolManager] = {}
        self._open: weakref.WeakSet[HTTPConnection] = weakref.WeakSet()
        self._pools = self._pool_classes()

    def get(self, url: str, headers: Mapping[str, str]) -> BaseHTTPResponse:
        """The answer to a GET, its body unread; redirects are followed. Raises urllib3's errors, Aborted, ServiceError.

        Read the body to its end or `close()` it, and then `release_conn()`.
        """
        for _ in range(REDIRECTS + 1):
            if self.aborted.is_set():
                raise Aborted
            response = self._manager(url).request(
                "GET", url, headers=dict(headers), retries=False, preload_content=False, timeout=self._timeout
            )
            location = response.headers.get("Location", "")
            if response.status not in REDIRECT_STATUS or not location:
                return response
            response.drain_conn()
            response.release_conn()
            url = urljoin(url, location)
            if urlsplit(url).scheme not in {"http", "https"}:
                break
        raise urllib3.exceptions.HTTPError("too many or unusable redirects")

    def abort(self) -> None:
        """End all reads, now and later: their threads get an error and see `aborted`."""
        self.aborted.set()
        for connection in list(self._open):
            sock = connection.sock
            if isinstance(sock, socket.socket):
                try:
                    # Not SSLSocket.shutdown: it drops the TLS layer, and the reading thread would be given ciphertext.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
                except OSError:
                    continue  # closed already

    def close(self) -> None:
        with self._lock:
            for manager in self._managers.values():
                manager.clear()

    def _manager(self, url: str) -> urllib3.PoolManager:
        key = proxy_for(url), urlsplit(url).scheme == "https"
        with self._lock:
            if key not in self._managers:
                self._managers[key] = self._new_manager(*key)
            return self._managers[key]

    def _new_manager(self, proxy: str | None, secure: bool) -> urllib3.PoolManager:
        options: dict[str, Any] = {"num_pools": 8, "maxsize": self._size}
        if secure:  # reading the certificates takes 20 to 40 ms
            options["ssl_context"] = tls_context()
        manager: urllib3.PoolManager
        if proxy is None:
            manager = urllib3.PoolManager(**options)
        else:
            parts = urlsplit(proxy)
            if parts.scheme not in {"http", "https"} or not parts.hostname:
                text = "The proxy named in HTTPS_PROXY is not an http:// or https:// address. Correct it and requeue."
                raise ServiceError("proxy", ErrorKind.INVALID, text)
            login = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username else None
            headers = urllib3.make_headers(proxy_basic_auth=login) if login else None
            if parts.scheme == "https":
                options["proxy_ssl_context"] = tls_context()
            manager = urllib3.ProxyManager(proxy, proxy_headers=headers, **options)
        manager.pool_classes_by_scheme = self._pools
        return manager

    def _pool_classes(self) -> dict[str, type[HTTPConnectionPool]]:
        known, aborted = self._open, self.aborted

        class Plain(HTTPConnection):
            def connect(self) -> None:
                known.add(self)
                super().connect()
                _check(aborted)

        class Secure(HTTPSConnection):
            def connect(self) -> None:
                known.add(self)
                super().connect()
                _check(aborted)

        class PlainPool(HTTPConnectionPool):
            ConnectionCls = Plain

        class SecurePool(HTTPSConnectionPool):
            ConnectionCls = Secure

        return {"http": PlainPool, "https": SecurePool}


def _check(aborted: threading.Event) -> None:
    if aborted.is_set():
        raise Aborted


def proxy_for(url: str) -> str | None:
    """The proxy that the environment names for this address, None for a direct connection."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or urllib.request.proxy_bypass_environment(parts.hostname or "", proxies):  # type: ignore[attr-defined]
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def tls_context() -> ssl.SSLContext:
    """Verifying TLS by SSL_CERT_FILE alone when it is set, else by the system's and certifi's certificates."""
    own = os.environ.get("SSL_CERT_FILE")
    try:
        context = ssl.create_default_context(cafile=own or None)
        if not own:
            context.load_verify_locations(certifi.where())
    except OSError as error:
        text = "The file in SSL_CERT_FILE cannot be read as certificates. Correct the variable and requeue the VOD."
        raise ServiceError("TLS", ErrorKind.INVALID, text) from error
    return context

"""Cutting connections the hard way, and slowing them down."""

from __future__ import annotations

import asyncio
import socket
import struct
from weakref import WeakKeyDictionary

from aiohttp import web


def abort_with_reset(transport: asyncio.BaseTransport) -> None:
    """Ends a connection with a TCP reset (SO_LINGER of zero seconds); what is still unsent is lost."""
    sock = transport.get_extra_info("socket")
    if sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()


def reset(request: web.BaseRequest) -> None:
    """The same for the connection of an HTTP request."""
    request["cut"] = True
    if request.transport is not None:
        abort_with_reset(request.transport)


class Paces:
    """How fast each connection may be: what one answer sent too early, the next one on that connection waits for."""

    def __init__(self) -> None:
        self._free_at: WeakKeyDictionary[asyncio.BaseTransport, float] = WeakKeyDictionary()

    async def wait(self, request: web.BaseRequest) -> None:
        """Returns when the connection may send again."""
        if (transport := request.transport) is not None:
            now = asyncio.get_running_loop().time()
            await asyncio.sleep(max(0.0, self._free_at.get(transport, now) - now))

    def sent(self, request: web.BaseRequest, count: int, rate: float) -> None:
        """Charges `count` bytes at `rate` bytes a second."""
        if (transport := request.transport) is not None:
            now = asyncio.get_running_loop().time()
            self._free_at[transport] = max(now, self._free_at.get(transport, now)) + count / rate

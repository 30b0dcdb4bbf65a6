"""Cutting connections the hard way."""

from __future__ import annotations

import asyncio
import socket
import struct

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

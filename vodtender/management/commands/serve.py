"""`manage.py serve`: the web server alone."""

from __future__ import annotations

import asyncio
import logging
import socket
from types import FrameType
from typing import Any

import uvicorn
from django.conf import settings
from django.core.management import BaseCommand, CommandError
from django.db import connections

from vodtender import stopping
from vodtender.checks import require_free_port, require_start
from vodtender.telemetry import profiling, tracing

log = logging.getLogger(__name__)


class Server(uvicorn.Server):
    """Tells open event streams to end before uvicorn waits for them."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        stopping.announce()
        super().handle_exit(sig, frame)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """The last spans are sent now: uvicorn ends by the signal that it was sent, and so atexit is not heard."""
        await super().shutdown(sockets)
        await asyncio.to_thread(tracing.finish)


class Command(BaseCommand):
    help = "Serves the pages, /metrics and the health checks on HTTP_ADDR (default 127.0.0.1:8080)."

    def handle(self, *args: Any, **options: Any) -> None:
        require_start()
        require_free_port()
        host, port = settings.HTTP_ADDR
        config = uvicorn.Config(
            "vodtender.asgi:application",
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=True,
            timeout_graceful_shutdown=5,
            lifespan="off",
        )
        connections.close_all()  # what the start asked; from here on connections come from the web's pool
        server = Server(config)
        profiling.serve("web")
        log.info("Serving on http://%s:%d.", host, port)
        asyncio.run(server.serve())
        if not server.started:
            raise CommandError(f"HTTP_ADDR {host}:{port} cannot be listened on: is another program using the port?")

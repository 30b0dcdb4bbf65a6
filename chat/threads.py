"""Runs blocking work beside the event loop in daemon threads: a stuck call cannot hold up the end of the process.

asyncio.to_thread would: its threads are waited for at exit, and a locked database blocks for 20 s.
"""

from __future__ import annotations

import asyncio
import contextvars
import threading
from collections.abc import Callable
from typing import TypeVar

from django.db import connections

T = TypeVar("T")


async def in_thread(function: Callable[..., T], *args: object) -> T:
    """What the function returns or raises. Its database connections are closed when it is done."""
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    future: asyncio.Future[T] = loop.create_future()

    def finish(result: T | None, error: BaseException | None) -> None:
        if not future.done():
            future.set_exception(error) if error is not None else future.set_result(result)  # type: ignore[arg-type]

    def run() -> None:
        result, error = None, None
        try:
            result = context.run(function, *args)
        except BaseException as caught:  # noqa: BLE001 - handed over to the one who waits
            error = caught
        connections.close_all()
        if not loop.is_closed():
            loop.call_soon_threadsafe(finish, result, error)

    threading.Thread(target=run, name=getattr(function, "__name__", "work"), daemon=True).start()
    return await future

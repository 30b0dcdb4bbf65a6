"""How many requests this process works on."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

THREADS = min(32, (os.cpu_count() or 1) + 4)  # concurrent.futures' default, which runs the sync views

_counting = threading.Lock()
_at_work = 0


def at_work() -> int:
    return _at_work


def _change(by: int) -> None:
    global _at_work  # noqa: PLW0603 - one number of one process
    with _counting:
        _at_work += by


@sync_and_async_middleware
def web_load_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            _change(1)
            try:
                response: HttpResponseBase = await get_response(request)
            finally:
                _change(-1)
            return response

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        _change(1)
        try:
            response: HttpResponseBase = get_response(request)
        finally:
            _change(-1)
        return response

    return in_sync

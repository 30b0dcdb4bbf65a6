"""Gives every request its correlation id."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from vodtender.telemetry import correlation


def _begin(request: HttpRequest) -> str:
    # Django logs 4xx after the middleware has ended: CorrelationFilter takes the id from the record's request.
    corr = correlation.accepted(request.headers.get(correlation.HEADER))
    request.correlation_id = corr  # type: ignore[attr-defined]
    return corr


@sync_and_async_middleware
def correlation_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """Takes X-Correlation-ID from the request when it is safe, else makes one; answers with it."""
    if iscoroutinefunction(get_response):
        respond_async: Callable[[HttpRequest], Awaitable[HttpResponseBase]] = get_response

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            with correlation.correlated(_begin(request)) as corr:
                response = await respond_async(request)
            response.headers[correlation.HEADER] = corr
            return response

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        with correlation.correlated(_begin(request)) as corr:
            response: HttpResponseBase = get_response(request)
        response.headers[correlation.HEADER] = corr
        return response

    return in_sync

"""The span `http-server` of every request, but for probes, scrapes and event streams.

A middleware of our own, because opentelemetry-instrumentation-django traces nothing under ASGI without a further
package, and with it runs every request through another thread, since its middleware is not async.

A `traceparent` that comes with a request is not followed: it would let strangers decide what is sampled, and join
traces that are not theirs. What ties a request to its caller is X-Correlation-ID.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction
from django.core.exceptions import DisallowedHost, MiddlewareNotUsed
from django.http import HttpRequest, HttpResponseBase

from vodtender.telemetry import tracing
from vodtender.telemetry.tracing import Attributes, Span

UNTRACED = frozenset({"/healthz", "/readyz", "/metrics"})
EVENT_STREAM = "text/event-stream"
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECRET_PARTS = frozenset({"key", "token", "uidb36"})  # of an address, by the names in its route


class RequestSpans:
    """Leaves itself out of the chain while tracing is off."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        if not tracing.on():
            raise MiddlewareNotUsed
        self._respond = get_response
        self._is_async = iscoroutinefunction(get_response)
        if self._is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self._is_async:
            return self._in_async(request)
        if request.path in UNTRACED:
            return self._respond(request)  # type: ignore[no-any-return]
        with tracing.request("http-server", request.path, _asked(request)) as span:
            response: HttpResponseBase = self._respond(request)
            _answered(span, request, response)
        return response

    async def _in_async(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in UNTRACED:
            return await self._respond(request)  # type: ignore[no-any-return]
        with tracing.request("http-server", request.path, _asked(request)) as span:
            response: HttpResponseBase = await self._respond(request)
            _answered(span, request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        request.failed_with = type(exception).__name__  # type: ignore[attr-defined]


def _asked(request: HttpRequest) -> Attributes:
    method = request.method or ""
    return {"http.method": method if method in METHODS else "_OTHER", "http.url": _address(request, request.path)}


def _answered(span: Span, request: HttpRequest, response: HttpResponseBase) -> None:
    if response.headers.get("Content-Type", "").startswith(EVENT_STREAM):
        span.drop()  # it would last as long as somebody looks
        return
    if not span.recording:
        return
    told: dict[str, tracing.Value] = {"http.status_code": response.status_code}
    if (match := request.resolver_match) is not None:
        told["http.route"] = f"/{match.route}"
        if SECRET_PARTS & match.kwargs.keys():
            told["http.url"] = _address(request, f"/{match.route}")
    span.tell(told)
    if response.status_code >= 500:
        span.fail(getattr(request, "failed_with", "") or f"http_{response.status_code}")


def _address(request: HttpRequest, path: str) -> str:
    """Without the query: what people search for, and OAuth's codes, are nobody's business here."""
    try:
        host = request.get_host()
    except DisallowedHost:
        host = "unknown"
    return f"{request.scheme}://{host}{path}"

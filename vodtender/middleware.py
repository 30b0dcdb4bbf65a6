"""Small rules: probes answer on any host name and know no sessions, /admin/ has a content policy of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from csp.constants import SELF, UNSAFE_EVAL, UNSAFE_INLINE
from django.conf import settings
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from vodtender.access import ASKED_HOST

PROBES = frozenset({"/healthz", "/readyz", "/metrics", "/status"})
# django-unfold ships Alpine, which needs inline handlers and eval; nothing is loaded from outside.
ADMIN_CSP = {
    **settings.CSP_SELF,
    "script-src": [SELF, UNSAFE_INLINE, UNSAFE_EVAL],
    "style-src": [SELF, UNSAFE_INLINE],
}


@sync_and_async_middleware
def probe_host_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    """A probe or a scraper asks by address; the allowed hosts are for people's pages."""

    def begin(request: HttpRequest) -> None:
        if request.path in PROBES:
            request.META[ASKED_HOST] = request.META.get("HTTP_HOST", "")
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].replace("*", "localhost")

    return _before(get_response, begin)


class LoginMiddleware(LoginRequiredMiddleware):
    """Django's asks the database who it is that comes, with every cookie, also where nobody has to be anybody."""

    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)


@sync_and_async_middleware
def admin_csp_middleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:
    def end(request: HttpRequest, response: HttpResponseBase) -> None:
        if request.path.startswith("/admin/"):
            response._csp_replace = ADMIN_CSP  # type: ignore[attr-defined]

    return _after(get_response, end)


def _before(
    get_response: Callable[[HttpRequest], Any], begin: Callable[[HttpRequest], None]
) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            begin(request)
            response: HttpResponseBase = await get_response(request)
            return response

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        begin(request)
        response: HttpResponseBase = get_response(request)
        return response

    return in_sync


def _after(
    get_response: Callable[[HttpRequest], Any], end: Callable[[HttpRequest, HttpResponseBase], None]
) -> Callable[[HttpRequest], Any]:
    if iscoroutinefunction(get_response):

        async def in_async(request: HttpRequest) -> HttpResponseBase:
            response: HttpResponseBase = await get_response(request)
            end(request, response)
            return response

        return in_async

    def in_sync(request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase = get_response(request)
        end(request, response)
        return response

    return in_sync

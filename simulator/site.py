"""What a simulated service is to the web server: hosts, routes, fault targets, its own way to say an error."""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from fnmatch import fnmatch
from typing import Any

from aiohttp import web

from .world import World

Handler = Callable[..., Awaitable[web.StreamResponse]]
Route = tuple[str, str, Handler]
"""Method, regular expression for the whole path, handler taking the request and the expression's groups."""


def json_response(value: Any, status: int = 200, **headers: str) -> web.Response:
    """JSON with exactly `Content-Type: application/json`, as Twitch and its clients want it."""
    all_headers = {"Content-Type": "application/json", **{k.replace("_", "-"): v for k, v in headers.items()}}
    return web.Response(body=json.dumps(value).encode(), status=status, headers=all_headers)


class Site:
    """Base of all sites. A site holds no state of its own beside the world."""

    hosts: tuple[str, ...] = ()

    def __init__(self, world: World) -> None:
        self.world = world
        self._routes = [(method, re.compile(path), handler) for method, path, handler in self.routes()]

    def routes(self) -> list[Route]:
        raise NotImplementedError

    async def prepare(self, request: web.Request) -> None:
        """Comes before `targets`, for a site that must read the body to know them."""

    def targets(self, request: web.Request) -> list[str]:
        """The fault targets that this request meets, the most special first."""
        raise NotImplementedError

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        """An error in this service's shape."""
        raise NotImplementedError

    def serves(self, host: str) -> bool:
        return any(fnmatch(host, pattern) for pattern in self.hosts)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        other_methods = set()
        for method, path, handler in self._routes:
            if match := path.fullmatch(request.path):
                if request.method == method or (method == "GET" and request.method == "HEAD"):
                    return await handler(request, *match.groups())
                other_methods.add(method)
        what = "method" if other_methods else "path"
        request["note"] = f"no such {what} in the simulator"
        asked = f"{request.method} {request.host}{request.path}"
        return json_response({"error": f"the simulator has no such {what}: {asked}"}, 405 if other_methods else 404)

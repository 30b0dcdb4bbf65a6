"""The one way in and out: finds the site, lets faults happen, logs."""

from __future__ import annotations

import asyncio
import time

from aiohttp import web

from .connections import Paces, reset
from .faults import Rule
from .site import Site, json_response
from .world import World

_PIECE = 64 * 1024
_PIECES_PER_SECOND = 20
_BODY_FAULTS = ("rate", "reset_after", "truncate", "short", "length_off", "stall")


class Delivery:
    """The aiohttp handler for all hosts."""

    def __init__(self, world: World, sites: list[Site]) -> None:
        self._world, self._sites = world, sites
        self._paces = Paces()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        host = _host(request)
        site = next((s for s in self._sites if s.serves(host)), None)
        started = time.monotonic()
        response: web.StreamResponse
        status, sent = 0, 0
        try:
            if site is None:
                request["note"] = "no such host in the simulator"
                response = json_response({"error": f"the simulator has no host {host}"}, 404)
            else:
                response = await self._answer(site, request)
            status = response.status
            if site is not None and isinstance(response, web.Response):
                status, sent, response = await self._deliver(site, request, response)
            return response
        except ConnectionError:
            request["cut"], request["note"] = True, request.get("note") or "the client went away"
            raise
        finally:
            self._world.log.add(
                host=host,
                method=request.method,
                path=request.raw_path,
                status=0 if request.get("cut") else status,
                ms=(time.monotonic() - started) * 1000,
                bytes_in=request.content.total_bytes if request.can_read_body or request.content else 0,
                bytes_out=sent,
                note=request.get("note", ""),
            )

    async def _answer(self, site: Site, request: web.Request) -> web.StreamResponse:
        await site.prepare(request)
        fault = self._world.faults.take(_targets(site, request), "latency", "status")
        if fault.latency:
            await asyncio.sleep(fault.latency)
        if fault.status is None:
            return await site.handle(request)
        async for _ in request.content.iter_chunked(_PIECE):  # An unread body would make the client's send fail.
            pass
        request["note"] = f"fault {fault.status} {fault.reason or ''}".rstrip()
        response = site.error(request, fault.status, fault.reason)
        if fault.retry_after is not None:
            response.headers["Retry-After"] = f"{fault.retry_after:g}"
        return response

    async def _deliver(
        self, site: Site, request: web.Request, response: web.Response
    ) -> tuple[int, int, web.StreamResponse]:
        """Status (0: cut), bytes sent, and what aiohttp is to finish."""
        targets, faults = _targets(site, request), self._world.faults
        if response.status in (200, 201) and faults.take(targets, "lose_answer").lose_answer:
            request["note"] = "fault: done, but the answer was lost"
            reset(request)
            return 0, 0, response
        body = response.body if isinstance(response.body, bytes) else b""
        if response.status not in (200, 206) or not body or request.method == "HEAD":
            return response.status, len(body), response
        fault = faults.take(targets, *_BODY_FAULTS)
        if fault.short is not None:
            request["note"] = f"fault: short, {fault.short} of {len(body)} bytes"
            response.body = body = body[: fault.short]
        if all(getattr(fault, name) is None for name in _BODY_FAULTS if name != "short"):
            return response.status, len(body), response
        return await self._deliver_oddly(request, response, body, fault)

    async def _deliver_oddly(
        self, request: web.Request, response: web.Response, body: bytes, fault: Rule
    ) -> tuple[int, int, web.StreamResponse]:
        stream = web.StreamResponse(status=response.status, headers=response.headers)
        stream.content_length = promised = max(0, len(body) + int(fault.length_off or 0))
        await stream.prepare(request)
        ends = [limit for limit in (fault.reset_after, fault.truncate) if limit is not None]
        end = min([*ends, len(body)])
        await self._send(request, stream, body[: min(end, promised)], fault)
        if promised < end and request.transport is not None:
            request.transport.write(body[promised:end])  # aiohttp itself would not send more than it promised.
        if fault.length_off:
            request["note"] = f"fault: Content-Length {promised} for {len(body)} bytes"
        if ends:
            request["note"] = f"fault: cut after {end} of {len(body)} bytes"
        if fault.reset_after is not None:
            await asyncio.sleep(0.05)  # A reset overtakes bytes that are still on their way.
            reset(request)
        elif request.transport is not None and (ends or fault.length_off):
            request.transport.close()
        return 0 if ends else stream.status, end, stream

    async def _send(self, request: web.Request, stream: web.StreamResponse, body: bytes, fault: Rule) -> None:
        """Sends the body piece by piece, at the fault's rate and with its pause."""
        piece = max(1, int(fault.rate) // _PIECES_PER_SECOND) if fault.rate else _PIECE
        pause_at = min(int(fault.stall_at or 0), len(body)) if fault.stall else -1
        cuts = sorted({*range(0, len(body), piece), *([pause_at] if fault.stall else []), len(body)})
        for at, until in zip(cuts, [*cuts[1:], len(body)], strict=True):
            if at == pause_at:
                await asyncio.sleep(fault.stall or 0)
            if fault.rate and at < until:
                await self._paces.wait(request)
                self._paces.sent(request, until - at, fault.rate)
            await stream.write(body[at:until])


def _targets(site: Site, request: web.Request) -> list[str]:
    """Where rules for this request may stand: the site's own names, and at last the host as it was asked for."""
    return [*site.targets(request), f"host/{_host(request)}"]


def _host(request: web.Request) -> str:
    return request.host.partition(":")[0].lower()

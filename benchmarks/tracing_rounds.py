"""The measuring part of telemetry_tracing: one application for each way, the same page from each in turn."""

from __future__ import annotations

import asyncio
import random
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from statistics import median
from typing import Any

import django

django.setup()

from django.conf import settings
from django.contrib.auth.models import User
from django.core.asgi import get_asgi_application
from django.core.management import call_command
from django.test import Client

from vods.models import Channel, State, Vod
from vodtender.telemetry import tracing

VODS, PAIRS, PAGES = 60, 20, 24
ADDRESS = "/vods/"
SPANS = "vodtender.telemetry.request_spans.RequestSpans"
Application = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Way:
    name: str
    collector: str
    application: Application


def fill() -> str:
    """VODs, and a person; the cookie by which they are known."""
    call_command("migrate", verbosity=0)
    channel = Channel.objects.create(login="pia")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    Vod.objects.bulk_create(
        Vod(
            twitch_id=str(10**9 + number),
            channel=channel,
            title=f"VOD {number}",
            started_at=start + timedelta(hours=number),
            state=State.DONE,
        )
        for number in range(VODS)
    )
    client = Client()
    client.force_login(User.objects.create_superuser("pia"))
    return f"{settings.SESSION_COOKIE_NAME}={client.cookies[settings.SESSION_COOKIE_NAME].value}"


def ways() -> dict[str, Way]:
    """`without` is what there would be if tracing had never been written; the other two are as the product is."""
    collector, whole = settings.OTEL_EXPORTER_OTLP_ENDPOINT, list(settings.MIDDLEWARE)
    made = {}
    for name in ("without", "off", "on"):
        settings.MIDDLEWARE = [entry for entry in whole if name != "without" or entry != SPANS]
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = collector if name == "on" else ""
        made[name] = Way(name, settings.OTEL_EXPORTER_OTLP_ENDPOINT, get_asgi_application())
    return made


async def page(way: Way, cookie: str) -> None:
    """One GET, without a server or a client that would take time of their own."""
    asked = asyncio.Event()
    answered: list[Any] = []
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": ADDRESS,
        "raw_path": ADDRESS.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"cookie", cookie.encode())],
        "client": ("127.0.0.1", 1),
        "server": ("localhost", 80),
    }

    async def receive() -> dict[str, Any]:
        if asked.is_set():
            await asyncio.Event().wait()  # nobody hangs up
        asked.set()
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        answered.append(message.get("status"))

    await way.application(scope, receive, send)
    assert answered[0] == HTTPStatus.OK, answered


async def seconds(way: Way, cookie: str, pages: int) -> tuple[float, float]:
    """Of so many pages: the processor's, and by the clock."""
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = way.collector
    worked, began = time.process_time(), time.perf_counter()
    for _ in range(pages):
        await page(way, cookie)
    took = time.perf_counter() - began
    if way.collector and (tracer := tracing._made) is not None:
        tracer._provider.force_flush()  # what is sent later would be charged to the other way
    return time.process_time() - worked, took


async def pair(one: Way, other: Way, cookie: str, pages: int) -> tuple[float, float, float, float]:
    """Of PAGES pages of each, `pages` in turn: the processor's seconds of both, and by the clock."""
    spent = {one.name: (0.0, 0.0), other.name: (0.0, 0.0)}
    for _ in range(PAGES // pages):
        for way in random.sample((one, other), 2):  # by chance: garbage is collected at even intervals
            worked, took = await seconds(way, cookie, pages)
            spent[way.name] = spent[way.name][0] + worked, spent[way.name][1] + took
    return spent[one.name][0], spent[other.name][0], spent[one.name][1], spent[other.name][1]


async def compare(one: Way, other: Way, cookie: str, *, most: float, pages: int) -> bool:
    """Prints a row; False when `one` costs more than `most` times `other`."""
    await pair(one, other, cookie, pages)  # templates and routes are loaded once
    pairs = [await pair(one, other, cookie, pages) for _ in range(PAIRS)]
    ratio, by_clock = median(a / b for a, b, *_ in pairs), median(c / d for *_, c, d in pairs)
    cost, base = (median(row[place] for row in pairs) / PAGES * 1000 for place in (0, 1))
    print(
        f"| {one.name} against {other.name} | {cost:.2f} ms | {base:.2f} ms | {ratio:.3f} | {most:.2f} "
        f"| {by_clock:.3f} |",
        flush=True,
    )
    return ratio <= most


async def measure(cookie: str) -> int:
    apps = ways()
    print("| a page | one | other | ratio | at most | ratio by the clock |\n|---|---|---|---|---|---|")
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = apps["on"].collector
    tracing.start()
    fine = await compare(apps["on"], apps["off"], cookie, most=1.10, pages=12)
    tracing.finish()  # its threads are not there while tracing is off
    fine = await compare(apps["off"], apps["without"], cookie, most=1.02, pages=1) and fine
    print("ok" if fine else "MISSED")
    return int(not fine)


if __name__ == "__main__":
    endpoint, settings.OTEL_EXPORTER_OTLP_ENDPOINT = settings.OTEL_EXPORTER_OTLP_ENDPOINT, ""
    known_as = fill()
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = endpoint
    sys.exit(asyncio.run(measure(known_as)))

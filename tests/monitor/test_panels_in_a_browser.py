"""In a real Chromium of the size of a phone: ten plots, no complaint, nothing from elsewhere."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from playwright.sync_api import Page, sync_playwright
from pytest_django.live_server_helper import LiveServer

from tests.monitor import history_cast
from vodtender.monitor import sampling
from vodtender.monitor.sampling import key

CHROMIUM = Path("/usr/bin/chromium")
PHONE = {"width": 390, "height": 844}
PAINTED = "canvas => canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some(value => value)"

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
    pytest.mark.django_db(transaction=True),
]


@contextmanager
def monitor(server: LiveServer, **options: object) -> Iterator[tuple[Page, list[str]]]:
    """A page that is logged in, and what it complained of or asked other machines for."""
    client = Client()
    client.force_login(User.objects.create_user("reader"))
    troubles: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        context = chromium.new_context(viewport=PHONE, **options)  # type: ignore[arg-type]
        cookies = [{"name": name, "value": morsel.value, "url": server.url} for name, morsel in client.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(server.url) else troubles.append(asked.url))
        try:
            yield page, troubles
        finally:
            chromium.close()


def elsewhere(work: object) -> None:
    """Runs it in a thread of its own: Playwright holds an event loop in ours, where the database refuses to work."""

    def then_close() -> None:
        work()  # type: ignore[operator]
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(then_close).result()


def this_moment() -> int:
    return int(time.time()) // 15 * 15


def test_ten_panels_are_plotted_on_a_phone_in_light_and_dark(live_server: LiveServer) -> None:
    history_cast.a_week(this_moment())
    with monitor(live_server) as (page, troubles):
        page.goto(f"{live_server.url}/monitor?range=24h")
        plots = page.locator("[data-plot]:visible canvas")
        plots.nth(9).wait_for()
        assert plots.count() == 10
        assert all(plots.nth(number).evaluate(PAINTED) for number in range(10))
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        plots.first.evaluate("canvas => canvas.id = 'light'")
        page.emulate_media(color_scheme="dark")
        page.locator("#light").wait_for(state="detached")
        assert plots.count() == 10
        assert page.locator("[data-panel=pool] tbody td").first.text_content() == "6"
        assert troubles == []


def test_the_page_changes_by_itself_and_an_empty_panel_fills(live_server: LiveServer) -> None:
    history_cast.sample(this_moment() - 60, {sampling.QUEUE: 3, sampling.CIRCUIT: 0})
    with monitor(live_server) as (page, troubles):
        page.goto(f"{live_server.url}/monitor")
        page.get_by_text("No downloads in this hour yet.").wait_for()
        page.locator("[data-panel=queue] canvas").wait_for()
        numbers = {sampling.QUEUE: 120, sampling.CIRCUIT: 2, key("vod_downloads_started"): 1}
        elsewhere(lambda: history_cast.sample(this_moment(), numbers))
        page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # as if one came back to the tab
        page.locator("[data-panel=download-rate] canvas").wait_for()
        page.locator("[data-panel=queue] .dial.bad", has_text="120").wait_for()
        page.locator("[data-panel=circuit] .dial.bad", has_text="open").wait_for()
        assert troubles == []

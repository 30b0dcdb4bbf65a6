"""In a real Chromium: nothing hostile runs, nothing leaves the machine, the live parts keep the reader's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import page_cast
import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.utils.timezone import now
from playwright.sync_api import Page, sync_playwright
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from chat.models import Message
from vods.models import Channel, Redo, State, Switchboard, Vod

CHROMIUM = Path("/usr/bin/chromium")
HOSTILE = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">\"'{{7*7}}\u202e"

pytestmark = [
    pytest.mark.skipif(not CHROMIUM.exists(), reason="needs /usr/bin/chromium"),
    pytest.mark.django_db(transaction=True),
]


@contextmanager
def browser(server: LiveServer, **options: object) -> Iterator[tuple[Page, list[str]]]:
    """A page that is logged in, and what it complained of or asked other machines for."""
    client = Client()
    client.force_login(User.objects.create_superuser("operator"))
    troubles: list[str] = []
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        context = chromium.new_context(**options)  # type: ignore[arg-type]
        cookies = [{"name": key, "value": morsel.value, "url": server.url} for key, morsel in client.cookies.items()]
        context.add_cookies(cookies)  # type: ignore[arg-type]
        page = context.new_page()
        page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: troubles.append(str(error)))
        page.on("request", lambda asked: None if asked.url.startswith(server.url) else troubles.append(asked.url))
        try:
            yield page, troubles
        finally:
            chromium.close()


def elsewhere(work: Callable[[], object]) -> None:
    """Runs it in a thread of its own: Playwright holds an event loop in ours, where the database refuses to work."""

    def then_close() -> None:
        work()
        connection.close()

    with ThreadPoolExecutor(1) as pool:
        pool.submit(then_close).result()


def hostile_vod() -> Vod:
    channel = page_cast.channels(now())[0]
    vod = page_cast.vod(channel, 6, State.NEEDS_ATTENTION, now(), title=HOSTILE, error=HOSTILE)
    page_cast.vod(channel, 0, State.DOWNLOADING, now(), title=HOSTILE)
    recording = page_cast.with_chat(vod, messages=3)
    Message.objects.filter(recording=recording).update(text=HOSTILE, display_name=HOSTILE, colour="red;}")
    vod.tries.update(log=HOSTILE, host=HOSTILE)
    return vod


def test_hostile_text_stays_text(live_server: LiveServer) -> None:
    vod = hostile_vod()
    with browser(live_server) as (page, troubles):
        for address in ("/", "/vods/", "/vods/?q=%3Cscript%3Ealert(1)%3C/script%3E", vod.get_absolute_url()):
            page.goto(live_server.url + address)
            assert "owned" not in page.title().replace(HOSTILE, "")
            assert page.locator("img").count() == 0
        page.locator("summary", has_text="Where and how").click()
        page.locator("pre.log").wait_for()
        page.locator("[data-chat-lines] li").first.wait_for()
        assert page.locator("[data-chat-lines] .who").first.text_content() == HOSTILE
        assert troubles == []


def test_a_video_without_chat_says_so_and_goes_on_saying_it(live_server: LiveServer, media: Path) -> None:
    vod = page_cast.vod(page_cast.channels(now())[0], 6, State.DONE, now())
    page_cast.with_file(vod, media, b"video")
    with browser(live_server) as (page, _):
        page.goto(live_server.url + vod.get_absolute_url())
        page.locator(".chat.quiet").wait_for()
        page.locator("#player").evaluate("video => video.dispatchEvent(new Event('timeupdate'))")
        page.wait_for_load_state("networkidle")
        assert page.locator("[data-chat-status]").text_content() == "No chat was recorded for this VOD."


def test_live_parts_change_by_themselves_and_keep_the_focus(live_server: LiveServer) -> None:
    vod = page_cast.fill(now(), 16)[0]
    with browser(live_server) as (page, troubles):
        page.goto(live_server.url + "/")
        page.locator(f"#run-{vod.twitch_id}").focus()
        elsewhere(lambda: Vod.objects.filter(pk=vod.pk).update(bytes_done=int((vod.bytes_total or 0) * 0.911)))
        page.locator('progress[value="91"]').wait_for(timeout=10_000)
        assert page.evaluate("document.activeElement.id") == f"run-{vod.twitch_id}"
        assert troubles == []


def test_a_button_in_a_live_part_works(live_server: LiveServer) -> None:
    vod = page_cast.fill(now(), 16)[6]
    with browser(live_server) as (page, troubles):
        page.goto(live_server.url + "/")
        page.locator(f"#vod-accept-gap-{vod.twitch_id}").click()
        page.locator(".notice.success").wait_for()
        assert troubles == []
    assert Vod.objects.get(pk=vod.pk).state == State.QUEUED


def test_buttons_work_without_javascript(live_server: LiveServer) -> None:
    vod = page_cast.fill(now(), 16)[6]
    with browser(live_server, java_script_enabled=False) as (page, _):
        page.goto(live_server.url + vod.get_absolute_url())
        page.get_by_role("button", name="Accept the gap").click()
        page.locator(".notice.success").wait_for()
    assert Vod.objects.get(pk=vod.pk).accept_gap


def test_stages_and_switches_work_without_javascript(live_server: LiveServer, media: Path) -> None:
    vod = page_cast.fill(now(), 16)[7]
    page_cast.with_file(vod, media, b"video")
    with browser(live_server, java_script_enabled=False) as (page, _):
        page.goto(live_server.url + vod.get_absolute_url())
        page.locator("#stages summary").click()
        page.get_by_role("button", name="Verify the file").click()
        page.locator(".notice.success", has_text="Its file is verified").wait_for()
        page.goto(live_server.url + "/")
        page.get_by_role("button", name="Pause everything").click()
        page.get_by_role("button", name="Resume everything").click()
        page.locator(".notice.success", has_text="Everything is resumed.").wait_for()
    assert Vod.objects.get(pk=vod.pk).redo == Redo.VERIFY
    assert not Switchboard.read().paused


def test_a_menu_stays_open_while_the_page_changes(live_server: LiveServer, media: Path) -> None:
    vod = page_cast.fill(now(), 16)[5]
    page_cast.with_file(vod, media, b"video")
    with browser(live_server) as (page, troubles):
        page.goto(live_server.url + vod.get_absolute_url())
        page.locator("#stages summary").click()
        elsewhere(lambda: Vod.objects.filter(pk=vod.pk).update(error="It changed."))
        page.get_by_text("It changed.").first.wait_for(timeout=12_000)
        assert page.locator("#stage-verify").is_visible()
        assert troubles == []


def test_nothing_scrolls_sideways_on_a_phone(live_server: LiveServer, settings: Settings) -> None:
    vods = page_cast.fill(now(), 16)
    page_cast.with_chat(vods[7])
    Switchboard.objects.create(pk=1, paused=True, uploads_paused=True)
    Channel.objects.update(paused=True, circuit_state="open", circuit_failures=5)
    with browser(live_server, viewport={"width": 375, "height": 700}) as (page, troubles):
        for address in (
            "/",
            "/vods/",
            vods[6].get_absolute_url(),
            vods[7].get_absolute_url(),
            "/accounts/password/change/",
        ):
            page.goto(live_server.url + address)
            assert page.evaluate("document.documentElement.scrollWidth") <= 375, address
        assert troubles == []


def test_a_silent_server_is_said_and_forgotten(live_server: LiveServer) -> None:
    page_cast.fill(now(), 4)
    with browser(live_server) as (page, _):
        page.goto(live_server.url + "/")
        page.route("**/now/", lambda route: route.abort())
        page.locator("#stale").wait_for(state="visible", timeout=10_000)
        page.unroute("**/now/")
        page.locator("#stale").wait_for(state="hidden", timeout=10_000)

"""The main job from a newcomer's seat: start, watch it work, requeue in a browser, stop, start again."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, sync_playwright

from simulator.running import ControlClient
from tests.journey.pictures import assert_complete, sha256
from tests.journey.product import PASSWORD, Product, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    one = Product(tmp_path_factory.mktemp("evening"), "--simulator")
    one.start()
    yield one
    one.end()


@pytest.fixture
def control(product: Product) -> ControlClient:
    facts = json.loads((product.data_dir / "simulator" / "simulator.json").read_text())
    return ControlClient(facts["control"])


@pytest.fixture
def page(product: Product) -> Iterator[Page]:
    with sync_playwright() as playwright:
        arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        page = browser.new_page()
        page.goto(f"http://{product.address}/")
        page.fill("input[name=login]", "pia")
        page.fill("input[name=password]", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url(f"http://{product.address}/")
        yield page
        browser.close()


def published(product: Product) -> int:
    return sum(1 for row in product.peek().values() if row["state"] == "done" and row["youtube_id"])


def in_state(product: Product, state: str) -> list[dict[str, Any]]:
    return [row for row in product.vods().values() if row["state"] == state]


def done_with_video(product: Product) -> list[dict[str, Any]]:
    return [row for row in in_state(product, "done") if row["youtube_id"]]


def test_three_vods_are_found_downloaded_verified_and_published(product: Product, control: ControlClient) -> None:
    until(lambda: published(product) >= 3, 180, "three VODs are done", product.story)
    vods = product.vods()
    assert 6 <= len(vods) <= 9
    known = {row["id"]: row for row in control.vods("pixel_pia")}
    videos = {row["id"]: row for row in control.videos()}
    for row in done_with_video(product):
        path = Path(row["path"])
        assert path.stat().st_size == row["size"]
        assert_complete(path, known[row["twitch_id"]]["length"])
        assert videos[row["youtube_id"]]["sha256"] == sha256(path)
    taken = product.database.query("SELECT file_quality FROM vods_vod WHERE state = 'done'")
    assert {row["file_quality"] for row in taken} == {"360p30"}


def test_restricted_and_broken_vods_say_what_they_are(product: Product) -> None:
    def found_out() -> bool:
        return {"skipped", "needs_attention"} <= {row["state"] for row in product.peek().values()}

    until(found_out, 120, "both are found out", product.story)
    [skipped], [broken] = in_state(product, "skipped"), in_state(product, "needs_attention")
    assert "subscribers only" in skipped["error"]
    assert "Segment" in broken["error"]
    assert "missing" in broken["error"]


def test_chat_of_the_broadcast_arrives_and_is_tied_to_its_vod(product: Product, control: ControlClient) -> None:
    def recorded() -> Any:
        rows = json.loads(product.command("recordings", "--json").stdout)
        return [row for row in rows if row["messages"] > 5 and row["vods"]]

    [recording, *_] = until(recorded, 150, "a recording with messages and a VOD")
    assert recording["channel"] == "pixel_pia"
    assert product.vods()[recording["vods"][0]]["chat_messages"] > 5


def test_metrics_and_health_tell_the_same(product: Product) -> None:
    def read(path: str) -> str:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(f"http://{product.address}{path}", timeout=10) as answer:
            return str(answer.read().decode())

    assert read("/healthz") == "ok"
    assert json.loads(read("/readyz")) == {"status": "ready"}
    lines = dict(line.rsplit(" ", 1) for line in read("/metrics").splitlines() if not line.startswith("#"))
    done = len(done_with_video(product))
    assert float(lines["vod_downloads_succeeded_total"]) >= done
    assert float(lines["vod_uploads_succeeded_total"]) == done
    assert float(lines['chat_messages_recorded_total{channel="pixel_pia"}']) > 0
    assert float(lines["vod_processing_cycles_total"]) > 0


def test_requeue_in_the_admin_downloads_again_and_publishes_nothing_twice(
    product: Product, control: ControlClient, page: Page
) -> None:
    row = done_with_video(product)[0]
    before, stamp = control.videos(), Path(row["path"]).stat().st_mtime_ns
    page.goto(f"http://{product.address}/admin/vods/vod/?q={row['twitch_id']}")
    page.check("input[name=_selected_action] >> nth=0", force=True)
    page.select_option("select[name=action]", "requeue")
    page.click("#changelist-form button[title^='Run']")
    until(lambda: Path(row["path"]).stat().st_mtime_ns != stamp, 60, "the file is made again", product.story)
    until(lambda: product.is_in_state(row["twitch_id"], "done"), 60, "it is done again", product.story)
    again = product.vods()[row["twitch_id"]]
    assert again["youtube_id"] == row["youtube_id"]
    assert [video["id"] for video in control.videos()] == [video["id"] for video in before]


def test_ctrl_c_stops_everything_and_a_second_start_does_nothing_twice(
    product: Product, control: ControlClient
) -> None:
    before = {twitch_id: row["youtube_id"] for twitch_id, row in product.vods().items() if row["youtube_id"]}
    assert product.interrupt() < 30
    assert product.process is not None
    assert product.process.returncode == 0
    product.start()
    facts = json.loads((product.data_dir / "simulator" / "simulator.json").read_text())
    cycles = "vod_processing_cycles_total"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def passes() -> float:
        with opener.open(f"http://{product.address}/metrics", timeout=10) as answer:
            text = answer.read().decode()
        return next(float(line.split()[1]) for line in text.splitlines() if line.startswith(cycles))

    first = passes()
    until(lambda: passes() >= first + 2, 60, "two more passes", product.story)
    after = {twitch_id: row["youtube_id"] for twitch_id, row in product.vods().items() if row["youtube_id"]}
    assert before.items() <= after.items()
    videos = ControlClient(facts["control"]).videos()
    assert len({video["id"] for video in videos}) == len(videos) == len(after)

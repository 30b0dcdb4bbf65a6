"""A requeue in the browser, on real processes: one trace and one correlation id, whatever process did the work."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from simulator.running import running
from tests.faults.conftest import QUICK
from tests.faults.scene import CHANNEL, Scene
from tests.journey.product import PASSWORD, Product, until
from tests.telemetry.tracing.collector import Collector, Seen, collecting

# Its media are made once and repeated. It ended before its channel was added, and waits for a click.
VOD = {"seconds": 240, "media_seconds": 20, "kbps": 300, "media": "of-the-trace", "age_seconds": 3600}

# One lease for it all, also on a machine with much else to do.
PATIENT = {"LEASE_SECONDS": "120s", "LEASE_HEARTBEAT": "20s", "LEASE_GIVE_UP": "80s", "WATCHDOG_SECONDS": "45s"}

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]


@dataclass
class Story:
    """What there is to see when the VOD is on YouTube."""

    scene: Scene
    collector: Collector
    twitch_id: str
    correlation_id: str

    def one(self, name: str) -> Seen:
        [span] = [span for span in self.mine() if span.name == name]
        return span

    def mine(self) -> list[Seen]:
        return [span for span in self.collector.spans if span.attributes["correlation_id"] == self.correlation_id]


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("traced")
    with collecting() as collector, running(folder / "world", "--broadcast-seconds", "0", "--media-on-demand") as world:
        outside = {**world.env, "TWITCH_CHANNEL": CHANNEL, "NO_PROXY": "", "no_proxy": "", **QUICK}
        traced = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.address, "LOG_FORMAT": "json", "ARCHIVE_BACKLOG": "0"}
        traced |= PATIENT
        product = Product(folder, **{**outside, **traced})
        try:
            vod = world.control.post("/vods", channel=CHANNEL, **VOD)
            product.start()
            product.command("importtoken", "youtube", str(world.state_dir / "youtube-token.json"))
            scene = Scene(world, product)
            until(lambda: vod["id"] in product.peek(), 60, "the VOD is known", product.story)
            told = Story(scene, collector, vod["id"], click(product, f"/vods/{vod['id']}/requeue/"))
            scene.until_state(vod["id"], "done")
            collector.wait_for("processOnce")
            yield told
        finally:
            product.end()


def click(product: Product, button: str) -> str:
    """Logs in and presses a button; the answer's correlation id."""
    with httpx.Client(base_url=f"http://{product.address}", trust_env=False, follow_redirects=True) as browser:
        signed_in = browser.post("/accounts/login/", data=form(browser, login="pia", password=PASSWORD))
        assert signed_in.url.path == "/"
        answer = browser.post(button, data=form(browser), follow_redirects=False)
        assert answer.status_code == 302
        return answer.headers["X-Correlation-ID"]


def form(browser: httpx.Client, **fields: str) -> dict[str, str]:
    page = browser.get("/accounts/password/change/" if not fields else "/accounts/login/")
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.text)
    assert token is not None
    return {**fields, "csrfmiddlewaretoken": token[1]}


def test_the_click_is_the_root_of_everything(story: Story) -> None:
    clicked = story.one("http-server")
    assert clicked.parent == ""
    assert clicked.attributes["http.method"] == "POST"
    assert clicked.attributes["http.route"] == "/vods/<str:twitch_id>/requeue/"
    assert clicked.attributes["http.url"].endswith(f"/vods/{story.twitch_id}/requeue/")
    assert clicked.attributes["http.status_code"] == 302
    assert {span.trace_id for span in story.mine()} == {clicked.trace_id}
    assert story.one("processOnce").parent == clicked.span_id
    assert story.one("processOnce").resource["process.pid"] != clicked.resource["process.pid"]


def test_process_once_says_what_it_took_up(story: Story) -> None:
    row = story.scene.row(story.twitch_id)
    told = story.one("processOnce").attributes
    assert (told["vod.id"], told["vod.title"]) == (story.twitch_id, row["title"])
    assert told["vod.date"].startswith("20")
    assert (told["queue_depth"], told["circuit.state"]) == (1, "closed")


def test_download_and_upload_are_its_children(story: Story) -> None:
    row = story.scene.row(story.twitch_id)
    parent = story.one("processOnce").span_id
    download, upload = story.one("download"), story.one("upload")
    assert (download.parent, upload.parent) == (parent, parent)
    assert download.attributes["vod.id"] == upload.attributes["vod.id"] == story.twitch_id
    assert download.attributes["vod.title"] == upload.attributes["vod.title"] == row["title"]
    path = str(story.scene.product.data_dir / "media" / row["file_path"])
    assert download.attributes["download.path"] == upload.attributes["upload.path"] == path
    assert download.attributes["download.duration_ms"] > 0
    assert upload.attributes["upload.duration_ms"] > 0
    assert upload.attributes["upload.youtube_url"] == f"https://www.youtube.com/watch?v={row['youtube_id']}"


@pytest.mark.parametrize("name", ["resolve", "playlist", "remux", "verify"])
def test_the_parts_of_a_download_are_below_it(story: Story, name: str) -> None:
    assert story.one(name).parent == story.one("download").span_id


def test_segments_come_by_the_hundred(story: Story) -> None:
    parts = [span for span in story.mine() if span.name == "segments"]
    assert [span.attributes["segments.count"] for span in parts] == [100, 20]
    assert {span.parent for span in parts} == {story.one("download").span_id}


def test_chunks_are_below_the_upload(story: Story) -> None:
    size = story.scene.row(story.twitch_id)["file_size"]
    chunks = story.one("chunks")
    assert chunks.parent == story.one("upload").span_id
    assert chunks.attributes["chunks.bytes"] == size


def test_nothing_of_it_failed(story: Story) -> None:
    assert not [span.name for span in story.mine() if span.failed or "error" in span.attributes]


def test_the_attempts_name_the_trace_and_the_id(story: Story) -> None:
    attempts = story.scene.attempts(story.twitch_id)
    assert [attempt["step"] for attempt in attempts] == ["download", "upload"]
    assert {attempt["trace_id"] for attempt in attempts} == {story.one("http-server").trace_id}
    assert {attempt["correlation_id"] for attempt in attempts} == {story.correlation_id}


def test_the_logs_of_web_and_worker_have_the_same_id(story: Story) -> None:
    lines = [json.loads(line) for line in story.scene.product.log().splitlines() if line.startswith("{")]
    said = {line["logger"]: line["msg"] for line in lines if line["corr"] == story.correlation_id}
    assert "Requeued 1 VODs" in said["vods.queue"]  # the web
    assert story.twitch_id in said["vods.processing"]  # a task of the worker


def test_discovery_has_its_calls_of_helix_below_it(story: Story) -> None:
    discovery = story.collector.wait_for("discovery")[0]
    below = [span for span in story.collector.named("helix") if span.trace_id == discovery.trace_id]
    assert {span.attributes["helix.endpoint"] for span in below} == {"users", "videos", "streams"}
    assert {span.parent for span in below} == {discovery.span_id}


def test_probes_and_passes_that_find_nothing_make_no_span(story: Story) -> None:
    assert story.scene.product.answers()
    names = {span.name for span in story.collector.spans}
    assert not [span for span in story.collector.named("http-server") if "/healthz" in span.attributes["http.url"]]
    assert len(story.collector.named("processOnce")) == 1
    assert names == {
        "http-server", "processOnce", "download", "upload", "discovery", "helix", "resolve", "playlist",
        "check what is here", "segments", "remux", "verify", "fsync", "sha256", "session", "chunks",
    }  # fmt: skip


def test_no_secret_is_told(story: Story) -> None:
    known = [PASSWORD, story.scene.product.env["SECRET_KEY"], "upload_id=", "Bearer", "SELECT", "sig="]
    told: list[Any] = [value for span in story.collector.spans for value in (*span.attributes.values(), span.said)]
    assert not [value for value in told for secret in known if secret in str(value)]


def test_a_stop_is_quick_and_loses_nothing_that_had_ended(story: Story) -> None:
    before = len(story.collector.named("http-server"))
    with httpx.Client(base_url=f"http://{story.scene.product.address}", trust_env=False) as browser:
        assert browser.get("/accounts/login/?next=/secret").status_code == 200
    story.scene.product.interrupt()
    spans = story.collector.wait_for("http-server", before + 1)
    assert spans[-1].attributes["http.url"].endswith("/accounts/login/")

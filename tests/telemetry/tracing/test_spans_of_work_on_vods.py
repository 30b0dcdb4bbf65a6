"""What is traced of work on VODs besides the journey's: failures, an upload on its own, discovery, the commands."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from oauth import tokens
from oauth.providers import Grant
from simulator import MARATHON_CHANNEL
from simulator.running import Handle
from tests import cast
from tests.telemetry.tracing.collector import Collector, Seen
from vods import discovery, processing, queue
from vods.leasing import Stage
from vods.models import Attempt, Channel, State, Vod
from vodtender.telemetry import correlation, tracing

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _uploads(settings: Any, own_key_and_folder: None) -> None:
    settings.YOUTUBE_UPLOAD_ENABLED, settings.YOUTUBE_UPLOAD_OWNERSHIP = True, "self"
    (Path(settings.MEDIA_DIR) / "pia").mkdir(parents=True)


def sent(collector: Collector, name: str) -> Seen:
    tracing.finish()
    [span] = collector.named(name)
    return span


def trace_of(traceparent: str) -> list[str]:
    return traceparent.split("-")[1:3]


def test_a_failure_is_marked_on_all_that_failed(collector: Collector, simulator: Handle) -> None:
    cast.vod(title="x" * 400)  # Twitch has no such VOD
    assert processing.process_once(Stage.DOWNLOAD).endswith("failed.")
    for name in ("processOnce", "download", "resolve"):
        span = sent(collector, name)
        assert span.failed
        assert (span.attributes["error"], span.attributes["error.kind"]) == (True, "gone")
        assert "no longer has this VOD" in span.said
    assert len(sent(collector, "download").attributes["vod.title"]) == 200
    assert sent(collector, "download").attributes["download.duration_ms"] >= 0
    assert Attempt.objects.get().trace_id == sent(collector, "processOnce").trace_id


def test_a_bug_of_ours_is_marked_without_its_text(
    collector: Collector, simulator: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("hunter2")

    monkeypatch.setattr("vods.processing.download_vod", broken)
    cast.vod()
    processing.process_once(Stage.DOWNLOAD)
    span = sent(collector, "download")
    assert (span.failed, span.attributes["error.kind"]) == (True, "bug")
    assert "hunter2" not in f"{span}"


def test_a_full_disk_is_marked(collector: Collector, settings: Any) -> None:
    cast.vod(duration=1e9)
    processing.process_once(Stage.DOWNLOAD)
    once = sent(collector, "processOnce")
    assert (once.failed, once.attributes["error.kind"]) == (True, "disk_full")
    assert collector.named("download") == []


def test_a_pass_that_claims_nothing_makes_no_span(collector: Collector) -> None:
    assert processing.process_once(Stage.DOWNLOAD) == "Nothing to do."
    tracing.finish()
    assert collector.spans == []


@pytest.fixture
def downloaded(simulator: Handle, settings: Any) -> Vod:
    """A VOD with its file, that waits for its upload, and a connected account."""
    file = json.loads((simulator.state_dir / "youtube-token.json").read_text())
    tokens.store_token("youtube", Grant("", file["refresh_token"], 0))
    (Path(settings.MEDIA_DIR) / "pia" / "1.mp4").write_bytes(random.Random(1).randbytes(5 * 2**18))
    return cast.vod(State.DONE, file_path="pia/1.mp4", file_size=5 * 2**18)


def test_an_upload_on_its_own_belongs_to_the_click(collector: Collector, downloaded: Vod, settings: Any) -> None:
    settings.UPLOAD_CHUNK_BYTES = 2**18
    with correlation.correlated("the-click"), tracing.root("http-server"):
        assert queue.requeue([downloaded.pk], stage="upload") == 1
    processing.process_once(Stage.UPLOAD)
    once, upload = sent(collector, "processOnce"), sent(collector, "upload")
    assert once.parent == sent(collector, "http-server").span_id
    assert upload.parent == once.span_id
    assert {span.attributes["correlation_id"] for span in collector.spans} == {"the-click"}
    downloaded.refresh_from_db()
    assert upload.attributes["upload.youtube_url"] == downloaded.youtube_url
    assert sent(collector, "session").parent == upload.span_id
    chunks = collector.named("chunks")
    assert sum(span.attributes["chunks.count"] for span in chunks) == 5


def test_the_command_begins_a_trace_too(collector: Collector, downloaded: Vod) -> None:
    call_command("requeue", downloaded.twitch_id)
    downloaded.refresh_from_db()
    asked = sent(collector, "requeue")
    assert trace_of(downloaded.traceparent) == [asked.trace_id, asked.span_id]
    assert downloaded.correlation_id == asked.attributes["correlation_id"] != "-"


def test_a_requeue_without_a_collector_forgets_the_old_trace(downloaded: Vod) -> None:
    Vod.objects.update(traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    queue.requeue([downloaded.pk])
    downloaded.refresh_from_db()
    assert downloaded.traceparent == ""


def test_what_discovery_queues_belongs_to_its_trace(collector: Collector, simulator: Handle) -> None:
    channel = Channel.objects.create(login=MARATHON_CHANNEL)
    with correlation.correlated("the-cycle"):
        discovery.discover_newest(channel.pk)
    span = sent(collector, "discovery")
    queued = channel.vods.filter(state=State.QUEUED)
    assert span.attributes["discovery.queued"] == len(queued) == 3
    assert {tuple(trace_of(vod.traceparent)) for vod in queued} == {(span.trace_id, span.span_id)}
    assert {vod.correlation_id for vod in queued} == {"the-cycle"}
    assert not channel.vods.filter(state=State.IGNORED).exclude(traceparent="").exists()
    assert {call.parent for call in collector.named("helix")} == {span.span_id}


def test_a_whole_backlog_does_not_share_one_trace(collector: Collector, simulator: Handle, settings: Any) -> None:
    settings.ARCHIVE_BACKLOG = None
    channel = Channel.objects.create(login=MARATHON_CHANNEL)
    discovery.discover_newest(channel.pk)
    assert set(channel.vods.values_list("state", "traceparent")) == {(State.QUEUED, "")}

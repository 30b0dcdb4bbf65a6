"""/metrics: the guide's names, types, labels and buckets, from the first scrape on, for those who may read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from tests import cast
from vods.models import Channel, Circuit, State
from vodtender.telemetry import metrics, store

pytestmark = pytest.mark.django_db

COUNTERS = {
    "vod_downloads_started",
    "vod_downloads_succeeded",
    "vod_downloads_failed",
    "vod_uploads_succeeded",
    "vod_uploads_failed",
    "vod_processing_cycles",
    "chat_reconnections",
    "oauth_token_refresh",
    "helix_api_calls",
    "circuit_breaker_state_changes",
}
GAUGES = {
    "vod_queue_depth",
    "vod_circuit_open",
    "vod_circuit_breaker_state",
    "database_connection_pool_size",
    "database_connection_pool_in_use",
}
BUCKETS = {
    "vod_download_duration_seconds": ["60", "300", "600", "1800", "3600", "7200", "+Inf"],
    "vod_upload_duration_seconds": ["30", "60", "120", "300", "600", "1800", "+Inf"],
    "vod_processing_total_duration_seconds": ["60", "300", "900", "1800", "3600", "7200", "+Inf"],
}


def scrape(client: Client, **headers: str) -> dict[str, Any]:
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(response.content.decode())}


def test_every_name_of_the_guide_is_there_from_the_start(client: Client) -> None:
    families = scrape(client)
    for name in COUNTERS:
        assert families[name].type == "counter"
        assert families[name].samples
        assert {sample.value for sample in families[name].samples} == {0.0}
    for name in GAUGES:
        assert families[name].type == "gauge"
    assert not [name for name in families if name.endswith("_created")]


def test_histograms_have_the_guides_buckets_written_without_a_fraction(client: Client) -> None:
    families = scrape(client)
    for name, bounds in BUCKETS.items():
        assert [s.labels["le"] for s in families[name].samples if s.name.endswith("_bucket")] == bounds
    steps = {s.labels["step"] for s in families["vod_processing_step_duration_seconds"].samples}
    assert steps == {"download", "upload", "total"}


def test_buckets_are_cumulative(client: Client) -> None:
    for seconds in (10, 100, 100_000):
        store.record(store.Observation(metrics.DOWNLOAD_DURATION, seconds))
    samples = scrape(client)["vod_download_duration_seconds"].samples
    assert [s.value for s in samples if s.name.endswith("_bucket")] == [1, 2, 2, 2, 2, 2, 3]
    assert [s.value for s in samples if s.name.endswith("_count")] == [3]


def test_the_queue_depth_leaves_out_what_is_still_live(client: Client) -> None:
    cast.vod(), cast.vod(State.FAILED), cast.vod(State.DONE), cast.vod(live=True)
    assert scrape(client)["vod_queue_depth"].samples[0].value == 2


def test_the_circuit_shows_the_worst_channel_that_is_archived(client: Client) -> None:
    cast.pia(circuit_state=Circuit.OPEN)
    Channel.objects.create(login="mia")
    families = scrape(client)
    assert families["vod_circuit_open"].samples[0].value == 1
    assert families["vod_circuit_breaker_state"].samples[0].value == 2


def test_a_proxy_in_front_hides_it(client: Client) -> None:
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 403


def test_another_machine_is_refused(client: Client) -> None:
    assert client.get("/metrics", REMOTE_ADDR="192.0.2.7").status_code == 403


def test_with_a_token_only_the_token_counts(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "let-me-in"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"Authorization": "Bearer let-me-out"}).status_code == 403
    assert (
        client.get("/metrics", headers={"Authorization": "Bearer let-me-in"}, REMOTE_ADDR="192.0.2.7").status_code
        == 200
    )


def test_a_probe_may_use_any_host_name(client: Client) -> None:
    assert client.get("/metrics", headers={"Host": "vod-api:8080"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "10.0.0.1:8080"}).content == b"ok"

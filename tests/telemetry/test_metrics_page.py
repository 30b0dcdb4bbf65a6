"""/metrics: the guide's names, types, labels and buckets, from the first scrape on, for those who may read it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from prometheus_client.openmetrics.parser import text_string_to_metric_families as strictly_parsed

from tests import cast
from tests.telemetry.scraping import labelled, scrape, single
from vods.models import Channel, Circuit, State
from vods.twitch import count_call
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
    "vod_circuit_breaker_failures",
    "vod_download_bytes",
    "vod_upload_bytes",
    "vod_retention_deletions",
    "vod_retention_deleted_bytes",
}
GAUGES = {
    "vod_queue_depth",
    "vod_circuit_open",
    "vod_circuit_breaker_state",
    "database_connection_pool_size",
    "database_connection_pool_in_use",
    "vod_oldest_queued_age_seconds",
    "vod_soonest_expiry_seconds",
    "media_free_bytes",
    "media_total_bytes",
    "task_queue_waiting",
    "task_queue_failed",
    "chat_lag_seconds",
}
LABELS = {
    "chat_messages_recorded": {"channel"},
    "oauth_token_refresh": {"provider", "status"},
    "helix_api_calls": {"endpoint", "status"},
    "circuit_breaker_state_changes": {"from", "to"},
    "vod_channel_queue_depth": {"channel"},
    "vod_channel_circuit_breaker_state": {"channel"},
    "task_queue_waiting": {"cluster"},
    "task_queue_failed": {"cluster"},
    "chat_recorder_connected": {"channel"},
}
BUCKETS = {
    "vod_download_duration_seconds": ["60", "300", "600", "1800", "3600", "7200", "+Inf"],
    "vod_upload_duration_seconds": ["30", "60", "120", "300", "600", "1800", "+Inf"],
    "vod_processing_total_duration_seconds": ["60", "300", "900", "1800", "3600", "7200", "+Inf"],
}


def test_every_name_is_there_from_the_start(client: Client, settings: Any) -> None:
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    families = scrape(client)
    for name in COUNTERS:
        assert families[name].type == "counter"
        assert families[name].samples
        assert {sample.value for sample in families[name].samples} == {0.0}
    for name in GAUGES:
        assert families[name].type == "gauge"
        assert families[name].samples


def test_labels_are_the_guides_and_every_known_label_set_has_a_row(client: Client) -> None:
    cast.pia()
    families = scrape(client)
    for name, labels in LABELS.items():
        assert families[name].samples
        assert {frozenset(sample.labels) for sample in families[name].samples} == {frozenset(labels)}
    assert labelled(client, "chat_messages_recorded") == {"pia": 0}
    refreshes = {tuple(sample.labels.values()) for sample in families["oauth_token_refresh"].samples}
    assert refreshes == {(who, how) for who in ("twitch", "youtube") for how in ("success", "failure")}
    assert {s.labels["endpoint"] for s in families["helix_api_calls"].samples} == {"users", "videos", "streams"}


def test_no_series_says_when_it_was_created(client: Client) -> None:
    client.get("/healthz")
    text = client.get("/metrics").content.decode()
    assert "django_http_requests_before_middlewares_total" in text
    assert "_created" not in text


def test_a_scraper_may_ask_for_openmetrics(client: Client) -> None:
    cast.vod()
    response = client.get("/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0,*/*;q=0.1"})
    assert response["Content-Type"].startswith("application/openmetrics-text")
    families = {family.name: family for family in strictly_parsed(response.content.decode())}
    assert families["vod_downloads_started"].type == "counter"
    assert families["vod_queue_depth"].samples[0].value == 1
    assert next(s.labels["le"] for s in families["vod_upload_duration_seconds"].samples if "le" in s.labels) == "30"


def test_what_one_process_alone_counts_says_so(client: Client) -> None:
    families = scrape(client)
    per_process = {name for name, family in families.items() if "web process that answers" in family.documentation}
    pool = {"database_connection_pool_size", "database_connection_pool_in_use"}
    assert pool < per_process
    assert all(name.startswith(("django_", "process_", "python_")) for name in per_process - pool)
    assert not [name for name in families if name.startswith(("django_", "process_")) and name not in per_process]


def test_a_visitor_cannot_make_up_labels(client: Client) -> None:
    for number in range(3):
        client.generic(f"MADEUP{number}", f"/no/such/page/{number}?x={number}")
    text = client.get("/metrics").content.decode()
    assert "<invalid method>" in text
    assert "MADEUP" not in text
    assert "no/such" not in text


def test_statuses_of_helix_that_nobody_expects_share_a_label(client: Client) -> None:
    for status in ("200", "error", "418", "499", "599"):
        count_call("users", status)
    found = scrape(client)["helix_api_calls"].samples
    counted = {sample.labels["status"]: sample.value for sample in found if sample.labels["endpoint"] == "users"}
    assert counted == {"200": 1, "429": 0, "error": 1, "4xx": 2, "5xx": 1}


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
    assert single(client, "vod_queue_depth") == 2


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


def test_a_probe_may_use_any_host_name(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "t" * 20
    shown = {"Host": "vod-api:8080", "Authorization": f"Bearer {settings.METRICS_TOKEN}"}
    assert client.get("/metrics", headers=shown).status_code == 200
    assert client.get("/healthz", headers={"Host": "10.0.0.1:8080"}).content == b"ok"


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost:8080", 200), ("127.0.0.1", 200), ("[::1]:8080", 200), ("evil.example", 403), ("localhost.evil", 403)],
)
def test_without_a_token_who_stands_on_this_machine_must_ask_for_it(client: Client, host: str, status: int) -> None:
    assert client.get("/metrics", headers={"Host": host}).status_code == status

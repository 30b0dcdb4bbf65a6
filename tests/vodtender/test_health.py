"""/healthz, /readyz and /status."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from tests import cast
from vods import ytdlp_age
from vods.models import Channel, Circuit, State
from vodtender.telemetry import metrics, store

pytestmark = pytest.mark.django_db


@pytest.fixture
def ready(settings: Any) -> Any:
    settings.TWITCH_CLIENT_ID, settings.TWITCH_CLIENT_SECRET = "id", "secret"
    settings.YOUTUBE_UPLOAD_ENABLED = False
    return settings


def test_alive(client: Client) -> None:
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")


def test_ready(client: Client, ready: Any) -> None:
    response = client.get("/readyz")
    assert (response.status_code, response.json()) == (200, {"status": "ready"})


def test_a_missing_credential_is_named(client: Client, ready: Any) -> None:
    ready.TWITCH_CLIENT_SECRET = ""
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json() == {
        "status": "not_ready",
        "failed_check": "credentials",
        "error": "Not set: TWITCH_CLIENT_SECRET.",
    }


def test_uploads_need_a_connected_account(client: Client, ready: Any) -> None:
    ready.YOUTUBE_UPLOAD_ENABLED, ready.YOUTUBE_UPLOAD_OWNERSHIP = True, "self"
    ready.YT_CLIENT_ID = ready.YT_CLIENT_SECRET = "x"
    response = client.get("/readyz")
    assert (response.status_code, response.json()["failed_check"]) == (503, "credentials")
    assert "YouTube" in response.json()["error"]


def test_one_open_circuit_of_two_is_still_ready(client: Client, ready: Any) -> None:
    cast.pia(circuit_state=Circuit.OPEN)
    mia = Channel.objects.create(login="mia")
    assert client.get("/readyz").status_code == 200
    mia.circuit_state = Circuit.OPEN
    mia.save()
    assert client.get("/readyz").json()["failed_check"] == "circuit_breaker"


def test_status_has_the_fields_that_integrations_read(client: Client) -> None:
    cast.vod(priority=5), cast.vod(State.FAILED, error="It broke."), cast.vod(State.DONE), cast.vod(live=True)
    store.average(metrics.AVG_DOWNLOAD_MS, 1500)
    found = client.get("/status").json()
    assert found == {
        "pending": 2,
        "errored": 1,
        "needs_attention": 0,
        "processed": 1,
        "circuit_state": "closed",
        "circuit_failures": 0,
        "circuit_open_until": None,
        "avg_download_ms": 1500.0,
        "avg_upload_ms": 0.0,
        "avg_total_ms": 0.0,
        "last_process_run": None,
        "active_downloads": 0,
        "max_concurrent_downloads": 1,
        "queue_by_priority": {"5": 1, "0": 1},
        "media_dir": "ok",
        "ytdlp_version": ytdlp_age.VERSION,
        "ytdlp_age_days": ytdlp_age.installed().days,
    }


def test_status_is_not_for_strangers(client: Client, django_user_model: Any) -> None:
    assert client.get("/status", REMOTE_ADDR="192.0.2.7").status_code == 403
    client.force_login(django_user_model.objects.create_user("pia"))
    assert client.get("/status", REMOTE_ADDR="192.0.2.7").status_code == 200

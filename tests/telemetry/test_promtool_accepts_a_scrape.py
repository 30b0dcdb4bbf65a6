"""Prometheus' own linter finds nothing to say about a scrape."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from django.test import Client

from tests import cast
from vods.models import State
from vodtender.telemetry import metrics, store

HOW = "promtool is missing: apt install --no-install-recommends prometheus"


@pytest.fixture
def promtool() -> str:
    found = shutil.which("promtool")
    if found is None and not os.environ.get("CI"):
        pytest.skip(HOW)
    assert found, HOW
    return found


def lint(promtool: str, text: bytes) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([promtool, "check", "metrics"], input=text, capture_output=True, check=False, timeout=60)


@pytest.mark.django_db
def test_promtool_accepts_a_scrape(client: Client, promtool: str) -> None:
    cast.vod(), cast.vod(State.FAILED)
    store.record(store.Count(metrics.CHAT_MESSAGES, ("pia",), 3), store.Observation(metrics.DOWNLOAD_DURATION, 90))
    client.get("/healthz"), client.get("/no/such/page"), client.get("/metrics")
    done = lint(promtool, client.get("/metrics").content)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_promtool_would_say_what_is_wrong(promtool: str) -> None:
    assert lint(promtool, b"# TYPE wait_days gauge\nwait_days 1\n").returncode != 0

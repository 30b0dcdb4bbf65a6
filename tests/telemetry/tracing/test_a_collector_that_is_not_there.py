"""A collector that is away, or takes connections and never answers, holds up no request and no end of a process."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client

from vodtender.telemetry import tracing

pytestmark = pytest.mark.django_db

REQUESTS = 40
LONGEST_FINISH = 5.0  # seconds; OpenTelemetry's own is 30, and the longest it should take is 0.8


@pytest.fixture(params=["refuses", "never answers"])
def collector_address(request: pytest.FixtureRequest) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
        if request.param == "refuses":
            listener.close()
        yield address


@pytest.fixture
def traced(collector_address: str, settings: Any) -> Iterator[None]:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = collector_address
    yield
    tracing.finish()


def quickest(ask: Callable[[], object]) -> float:
    """Seconds; the quickest of many, because a busy machine only ever makes one slower."""
    times = []
    for _ in range(REQUESTS):
        began = time.perf_counter()
        ask()
        times.append(time.perf_counter() - began)
    return min(times)


def test_a_request_takes_as_long_as_without(settings: Any, collector_address: str) -> None:
    plain = Client()
    off = quickest(lambda: plain.get("/accounts/login/"))
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = collector_address
    with tracing.root("first"):  # starts it, as the web does before it serves
        pass
    client = Client()
    assert quickest(lambda: client.get("/accounts/login/")) < 2 * off
    tracing.finish()


@pytest.mark.usefixtures("traced")
def test_more_spans_than_are_kept_are_dropped_without_waiting() -> None:
    began = threading.active_count()
    with tracing.root("root"):
        for _ in range(5000):  # the queue holds 2048
            with tracing.span("part"):
                pass
    assert threading.active_count() <= began + 2


@pytest.mark.usefixtures("traced")
def test_the_end_of_a_process_does_not_wait_for_it() -> None:
    with tracing.root("last"):
        pass
    began = time.monotonic()
    tracing.finish()
    assert time.monotonic() - began < LONGEST_FINISH


def test_it_is_said_once(settings: Any, caplog: pytest.LogCaptureFixture) -> None:
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    from vodtender.telemetry.tracer import Delivery

    class Flaky(SpanExporter):
        answers = iter([SpanExportResult.FAILURE] * 3 + [SpanExportResult.SUCCESS] * 2)

        def export(self, spans: Any) -> SpanExportResult:
            return next(self.answers)

    caplog.set_level("INFO")
    delivery = Delivery(Flaky(), "http://jaeger:4317")
    for _ in range(5):
        delivery.export([])
    assert [record.getMessage() for record in caplog.records] == [
        "Traces cannot be delivered to http://jaeger:4317: they are dropped until it answers.",
        "Traces are delivered to http://jaeger:4317 again.",
    ]


def test_what_opentelemetry_refuses_stops_no_work(
    settings: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = "http://127.0.0.1:1"
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "zip")  # a variable of its own, which we do not read
    for _ in range(2):
        with tracing.root("work") as span:
            assert not span.recording
    assert [record.getMessage() for record in caplog.records] == [
        "Tracing cannot be started; this process goes on without it."
    ]

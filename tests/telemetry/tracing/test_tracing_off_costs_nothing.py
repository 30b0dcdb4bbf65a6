"""Without a collector nothing of OpenTelemetry is imported, nothing runs, and no middleware stands in the chain."""

from __future__ import annotations

import threading

import pytest
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpResponse

from tests.telemetry.tracing.own_process import Run
from vodtender.telemetry import tracing
from vodtender.telemetry.request_spans import RequestSpans

WEB_AND_WORK = """
import sys
import vodtender.asgi, vods.tasks, vods.download, vods.upload, chat.recorder
from tests.telemetry.tracing.own_process import Run
from vodtender.telemetry import tracing
tracing.load()
with tracing.root("one"), tracing.span("two"), tracing.Batches("three", 1) as three:
    three.done()
print([name for name in sys.modules if name.startswith(("opentelemetry", "grpc"))])
"""


def test_no_sdk_is_imported(run: Run) -> None:
    done = run(WEB_AND_WORK)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def test_with_a_collector_it_is(run: Run) -> None:
    lines = WEB_AND_WORK.replace("import vodtender.asgi, vods.tasks, vods.download, vods.upload, chat.recorder", "")
    assert "opentelemetry.sdk" in run(lines, OTEL_EXPORTER_OTLP_ENDPOINT="127.0.0.1:1").stdout


def test_spans_are_the_same_nothing_each_time() -> None:
    threads = threading.active_count()
    assert tracing.root("one") is tracing.span("two")
    with tracing.root("one") as span:
        span.tell({"a": 1})
        span.fail("bug")
        assert not span.recording
        assert (tracing.traceparent(), tracing.trace_id()) == ("", "")
    assert threading.active_count() == threads


def test_the_middleware_leaves_itself_out() -> None:
    with pytest.raises(MiddlewareNotUsed):
        RequestSpans(lambda request: HttpResponse())

"""Many small things make few spans."""

from __future__ import annotations

import pytest

from tests.telemetry.tracing.collector import Collector
from vodtender.telemetry import tracing


def counts(collector: Collector) -> list[tuple[int, int, bool]]:
    tracing.finish()
    return [
        (span.attributes["segments.count"], span.attributes["segments.bytes"], span.failed)
        for span in collector.named("segments")
    ]


def test_one_for_every_hundred_and_one_for_the_rest(collector: Collector) -> None:
    with tracing.root("download"), tracing.Batches("segments", 100) as segments:
        for _ in range(250):
            segments.begin()
            segments.done(10)
    assert counts(collector) == [(100, 1000, False), (100, 1000, False), (50, 500, False)]


def test_what_was_begun_when_it_failed_is_told(collector: Collector) -> None:
    def fail() -> None:
        with tracing.root("download"), tracing.Batches("segments", 100) as segments:
            segments.begin()
            segments.done(10)
            segments.begin()
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert counts(collector) == [(1, 10, True)]


def test_a_stop_is_no_failure(collector: Collector) -> None:
    class Stopped(Exception):
        is_failure = False

    def stop() -> None:
        with tracing.root("download"), tracing.Batches("segments", 100) as segments:
            segments.begin()
            raise Stopped

    with pytest.raises(Stopped):
        stop()
    assert counts(collector) == [(0, 0, False)]
    assert not collector.named("download")[0].failed


def test_outside_of_a_trace_there_are_none(collector: Collector) -> None:
    with tracing.Batches("segments", 1) as segments, tracing.span("alone"):
        segments.begin()
        segments.done()
    tracing.finish()
    assert collector.spans == []

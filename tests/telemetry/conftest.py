"""Tracing to a collector of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.telemetry.collector import Collector, collecting


@pytest.fixture
def collector(settings: Any) -> Iterator[Collector]:
    """Everything is traced, and sent here."""
    from vodtender.telemetry import tracing

    with collecting() as one:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://{one.address}"
        settings.OTEL_TRACES_SAMPLER = "parentbased_always_on"
        yield one
        tracing.finish()

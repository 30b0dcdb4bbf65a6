"""Tracing to a collector of the test's own, in this process or in one of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside import own_key_and_folder, simulator, simulator_process
from tests.telemetry.tracing.collector import Collector, collecting
from tests.telemetry.tracing.own_process import Run, runner
from vodtender.telemetry import tracing

__all__ = ["own_key_and_folder", "simulator", "simulator_process"]


@pytest.fixture
def collector(settings: Any) -> Iterator[Collector]:
    """Everything is traced, and sent here."""
    with collecting() as one:
        settings.OTEL_EXPORTER_OTLP_ENDPOINT = f"http://{one.address}"
        settings.OTEL_TRACES_SAMPLER = "parentbased_always_on"
        yield one
        tracing.finish()


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return runner(tmp_path)

"""Tracing to a collector of the test's own, in this process or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.outside import own_key_and_folder, simulator, simulator_process
from tests.telemetry.tracing.collector import Collector, collecting
from vodtender.telemetry import tracing

__all__ = ["own_key_and_folder", "simulator", "simulator_process"]

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


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
    """Runs Python lines in a process that has set Django up; variables by keyword."""

    def python(lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATA_DIR": str(tmp_path), "LOG_LEVEL": "warn", **variables}
        command = [sys.executable, "-c", f"import django\ndjango.setup()\n{lines}"]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return python

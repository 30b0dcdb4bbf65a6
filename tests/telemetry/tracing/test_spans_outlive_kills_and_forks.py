"""kill -9 costs the spans that had not ended, and no others; a forked process sends its own."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

from tests.telemetry.tracing.collector import Collector
from tests.telemetry.tracing.own_process import Run

KILLED = """
import os, time
from vodtender.telemetry import tracing
with tracing.root("processOnce"), tracing.span("download"):
    with tracing.span("resolve"):
        pass
    while not os.path.exists(os.environ["DATA_DIR"] + "/came"):
        time.sleep(0.02)
    os.kill(os.getpid(), 9)
"""

FORKED = """
import multiprocessing, os
from vodtender.telemetry import tracing
tracing.load()

def task():
    with tracing.root("in a child"):
        pass

children = [multiprocessing.get_context("fork").Process(target=task) for _ in range(2)]
for child in children:
    child.start()
for child in children:
    child.join()
with tracing.root("in the parent"):
    pass
"""


def test_kill_9_loses_only_what_had_not_ended(collector: Collector, run: Run, tmp_path: Path) -> None:
    def let_go() -> None:
        collector.wait_for("resolve")
        (tmp_path / "came").touch()

    waiting = threading.Thread(target=let_go)
    waiting.start()
    done = run(KILLED, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address)
    waiting.join()
    assert done.returncode == -signal.SIGKILL
    assert [span.name for span in collector.spans] == ["resolve"]


def test_each_forked_process_sends_its_own(collector: Collector, run: Run) -> None:
    done = run(FORKED, OTEL_EXPORTER_OTLP_ENDPOINT=collector.address)
    assert (done.returncode, done.stderr) == (0, "")
    children, [parent] = collector.named("in a child"), collector.named("in the parent")
    assert len({span.resource["process.pid"] for span in (*children, parent)}) == 3
    assert len({span.trace_id for span in (*children, parent)}) == 3

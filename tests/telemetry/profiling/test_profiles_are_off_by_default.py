"""Without ENABLE_PPROF nothing is imported, measured or listened to; a public address is refused."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from vodtender.telemetry.profiling import server

ROOT = Path(__file__).resolve().parents[3]
START = """
import json, sys, threading, tracemalloc
from vodtender.telemetry import starting
before = threading.Lock
starting.prepare(["manage.py", "serve"])
import django
django.setup()
from vodtender.telemetry import profiling
profiling.serve("web")
ours = [name for name in sys.modules if name.startswith("vodtender.telemetry.profiling.")]
sys.__stdout__.write(json.dumps({
    "modules": ours, "threads": threading.active_count(), "memory": tracemalloc.is_tracing(),
    "lock": threading.Lock is before,
}))
"""


def start(tmp_path: Path, **variables: str) -> tuple[dict[str, Any], str]:
    """What a web process has done to itself, and what it said."""
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vodtender.settings", **variables}
    command = [sys.executable, "-c", START]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    return json.loads(done.stdout), done.stderr


def test_off_is_free(tmp_path: Path) -> None:
    found, _ = start(tmp_path, ENABLE_PPROF="", PPROF_ADDR="")
    assert found == {"modules": [], "threads": 1, "memory": False, "lock": True}
    assert not (tmp_path / "run").exists()


def test_a_public_address_is_refused_with_a_warning(tmp_path: Path) -> None:
    found, said = start(tmp_path, ENABLE_PPROF="1", PPROF_ADDR="0.0.0.0:6060")
    assert found["threads"] == 1
    assert not found["memory"]
    assert "WARNING" in said
    assert "PPROF_ALLOW_PUBLIC=1" in said


def test_a_public_address_is_served_when_asked_for_explicitly(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found, said = start(tmp_path, ENABLE_PPROF="1", PPROF_ADDR=f"0.0.0.0:{port}", PPROF_ALLOW_PUBLIC="1")
    assert found["threads"] > 1
    assert f"Profiles are served on http://0.0.0.0:{port}/debug/pprof/." in said


def test_memory_is_not_watched_when_that_is_not_wanted(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    found, _ = start(tmp_path, ENABLE_PPROF="1", PPROF_ADDR=f"localhost:{port}", PPROF_HEAP_FRAMES="0")
    assert found["threads"] > 1
    assert not found["memory"]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("no such host", False),
    ],
)
def test_what_loopback_is(host: str, loopback: bool) -> None:
    assert server.is_loopback(host) is loopback

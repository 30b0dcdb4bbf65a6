"""A real process that serves profiles, and the real tool that reads them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from profiled import Planted, Pprof

HERE = Path(__file__).parent


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planted]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    # A folder whose name alone is longer than the address of a socket may be.
    folder = tmp_path_factory.mktemp("planted") / ("long-name-" * 12)
    variables = {**os.environ, "DATA_DIR": str(folder), "ENABLE_PPROF": "1", "PPROF_ADDR": f"localhost:{port}"}
    process = subprocess.Popen(
        [sys.executable, str(HERE / "planted.py")],
        env=variables,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    late = threading.Timer(120, process.kill)
    late.start()
    line = process.stdout.readline()
    late.cancel()
    assert line.startswith("ready "), line
    yield Planted(port, process.pid, int(line.split()[1]))
    process.stdin.close()
    process.wait(30)


@pytest.fixture(scope="session")
def pprof(tmp_path_factory: pytest.TempPathFactory) -> Pprof:
    go = shutil.which("go")
    if go is None:
        how = "`go tool pprof` is missing: apt install golang-go"
        if os.environ.get("CI"):
            pytest.fail(how)
        pytest.skip(how)
    return Pprof(go, tmp_path_factory.mktemp("pprof"))

"""/healthz, /readyz, /status and /metrics answer at once while the database is locked, gone, or says nothing."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests import postgres
from tests.databases import ON_POSTGRESQL, Database
from tests.vodtender.serving import Answer, Web, serving

CREDENTIALS = {"TWITCH_CLIENT_ID": "id", "TWITCH_CLIENT_SECRET": "secret"}
PROBES = ("/healthz", "/readyz", "/status")
AT_ONCE = 8.0  # seconds; it is within one. What hangs takes 20 s on SQLite, and for ever on PostgreSQL


@pytest.fixture(scope="module")
def on_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    if ON_POSTGRESQL:
        pytest.skip("SQLite's part runs with SQLite")
    with serving(Database(tmp_path_factory.mktemp("data")), **CREDENTIALS) as web:
        yield web


@pytest.fixture
def on_postgresql(tmp_path: Path) -> Iterator[Web]:
    """With a server for this test alone: it is frozen and ended."""
    if not ON_POSTGRESQL:
        pytest.skip("PostgreSQL's part runs with PostgreSQL: make test-postgres")
    with postgres.server() as url, serving(Database(tmp_path, url), **CREDENTIALS) as web:
        yield web


def all_is_well(web: Web) -> None:
    assert web.until("/healthz", 200).text == "ok"
    assert json.loads(web.until("/readyz", 200).text) == {"status": "ready"}
    assert json.loads(web.until("/status", 200).text)["pending"] == 0
    assert "vod_queue_depth 0.0" in web.until("/metrics", 200).text


def refused(answer: Answer) -> str:
    """Its text, when it is a 503 that came at once."""
    assert answer.status == 503
    assert answer.seconds < AT_ONCE
    return answer.text


def all_say_so(web: Web) -> None:
    assert web.until("/healthz", 503).text == "unhealthy"
    assert refused(web.get("/healthz")) == "unhealthy"
    ready = json.loads(refused(web.get("/readyz")))
    assert (ready["status"], ready["failed_check"]) == ("not_ready", "database")
    assert "database" in json.loads(refused(web.get("/status")))["error"]
    port = web.address.rpartition(":")[2]
    with_a_session = {"X-Forwarded-For": "192.0.2.7", "Cookie": f"vodtender_session_{port}={'0123456789abcdef' * 2}"}
    assert "database" in json.loads(refused(web.get("/status", **with_a_session)))["error"]
    assert refused(web.get("/healthz", **with_a_session)) == "unhealthy"


def test_a_locked_database(on_sqlite: Web) -> None:
    all_is_well(on_sqlite)
    with on_sqlite.database.locked("vods_vod"):
        all_say_so(on_sqlite)
        assert "is locked" in on_sqlite.get("/readyz").text
        assert on_sqlite.get("/metrics").status == 200  # it can be read
    all_is_well(on_sqlite)


def test_a_file_that_is_gone_is_noticed_and_not_made_anew(on_sqlite: Web) -> None:
    all_is_well(on_sqlite)
    path = on_sqlite.database.path
    path.rename(path.with_suffix(".away"))
    try:
        all_say_so(on_sqlite)
        assert "does not answer" in refused(on_sqlite.get("/metrics"))
        assert not path.exists()
    finally:
        path.with_suffix(".away").rename(path)
    all_is_well(on_sqlite)


def test_a_frozen_server_and_one_that_is_gone(on_postgresql: Web) -> None:
    web = on_postgresql
    all_is_well(web)
    with frozen(postmaster(web)):
        assert "does not answer" in refused(web.get("/metrics"))
        all_say_so(web)
        assert "does not answer" in refused(web.get("/metrics"))
    all_is_well(web)
    postmaster(web).send_signal(signal.SIGINT)
    all_say_so(web)
    assert "does not answer" in refused(web.get("/metrics"))


def postmaster(web: Web) -> psutil.Process:
    folder = web.database.query("SHOW data_directory")[0]["data_directory"]
    return psutil.Process(int((Path(folder) / "postmaster.pid").read_text().split()[0]))


@contextmanager
def frozen(server: psutil.Process) -> Iterator[None]:
    """The server and all its children are stopped while the block runs: connections stay, nothing is answered."""
    stopped: list[int] = []
    try:
        for process in [server, *server.children(recursive=True)]:
            os.kill(process.pid, signal.SIGSTOP)
            stopped.append(process.pid)
        yield
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)

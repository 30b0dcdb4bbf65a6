"""On PostgreSQL the web process has a pool, tells its real numbers, and outlives its connections."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.db import connection

from tests.databases import ON_POSTGRESQL, Database
from vodtender import web_pool

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has no pool")


@dataclass
class Web:
    address: str
    database: Database

    def get(self, path: str) -> tuple[int, str]:
        try:
            with urllib.request.urlopen(f"http://{self.address}{path}", timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()

    def gauge(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", self.get("/metrics")[1], re.MULTILINE)
        assert found, name
        return float(found[1])

    def connections(self) -> int:
        """Other clients of its database, as the server counts them."""
        return int(self.database.query(f"SELECT count(*) AS n {OTHERS}")[0]["n"])


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    database = Database.empty(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    keys = {"SECRET_KEY": "only-for-the-tests", "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    own = {"DATA_DIR": str(tmp_path), "HTTP_ADDR": address, "DJANGO_SETTINGS_MODULE": "vodtender.settings"}
    environment = {**os.environ, **own, **keys, **database.environment}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen([*manage, "serve"], cwd=ROOT, env=environment)
    one = Web(address, database)
    try:
        _wait_for(one, process)
        yield one
    finally:
        process.terminate()
        process.wait(15)
        database.drop()


def _wait_for(web: Web, process: subprocess.Popen[bytes]) -> None:
    host, port = web.address.split(":")
    limit = time.monotonic() + 30
    while socket.socket().connect_ex((host, int(port))):
        assert process.poll() is None
        assert time.monotonic() < limit, "the web server does not listen"
        time.sleep(0.05)


def test_many_requests_share_few_connections_and_the_gauges_tell_them(web: Web) -> None:
    with ThreadPoolExecutor(24) as people:
        assert set(people.map(lambda _: web.get("/healthz")[0], range(200))) == {200}
    assert web_pool.OPTIONS["min_size"] <= web.connections() <= web_pool.OPTIONS["max_size"]
    assert web.gauge("database_connection_pool_size") == web_pool.OPTIONS["max_size"]
    assert web.gauge("database_connection_pool_in_use") == 0


def test_connections_that_died_are_replaced_without_anybody_noticing(web: Web) -> None:
    assert web.get("/healthz")[0] == 200
    web.database.query(f"SELECT pg_terminate_backend(pid, 10000) {OTHERS}")  # and waits until they are gone
    assert web.get("/healthz")[0] == 200


def test_a_server_that_comes_back_is_used_again_at_once(web: Web) -> None:
    name = web.database.url.rpartition("/")[2]
    elsewhere = Database(web.database.folder, os.environ["TEST_DATABASE_URL"])
    elsewhere.query(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    elsewhere.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    began = time.monotonic()
    assert web.get("/healthz")[0] == 503
    assert time.monotonic() - began < web_pool.OPTIONS["timeout"] + 2
    elsewhere.query(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    began = time.monotonic()
    while web.get("/healthz")[0] != 200:
        assert time.monotonic() - began < 8, "the database is back, and is not used"


@pytest.mark.django_db
def test_other_processes_have_no_pool() -> None:
    assert connection.pool is None  # type: ignore[attr-defined]

"""On PostgreSQL the web process has a pool, tells its real numbers, and outlives its connections."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from django.db import connection

from tests.databases import ON_POSTGRESQL, Database
from tests.vodtender.serving import Web, serving
from vodtender import web_pool

OTHERS = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
PAGE = "/vods/"  # with PUBLIC_ARCHIVE it asks the database for everybody; the probes have a connection of their own
pytestmark = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite has no pool")


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    database = Database.empty(tmp_path)
    try:
        with serving(database, PUBLIC_ARCHIVE="1") as web:
            yield web
    finally:
        database.drop()


def gauge(web: Web, name: str) -> float:
    found = re.search(rf"^{name} (\S+)$", web.get("/metrics").text, re.MULTILINE)
    assert found, name
    return float(found[1])


def connections(web: Web) -> int:
    """Other clients of its database, as the server counts them."""
    return int(web.database.query(f"SELECT count(*) AS n {OTHERS}")[0]["n"])


def test_many_requests_share_few_connections_and_the_gauges_tell_them(web: Web) -> None:
    assert gauge(web, "database_connection_pool_in_use") == 0
    with ThreadPoolExecutor(24) as people:
        assert {answer.status for answer in people.map(lambda _: web.get(PAGE), range(200))} == {200}
    probes = 2
    assert web_pool.OPTIONS["min_size"] <= connections(web) <= web_pool.OPTIONS["max_size"] + probes
    assert gauge(web, "database_connection_pool_size") == web_pool.OPTIONS["max_size"]
    assert gauge(web, "database_connection_pool_in_use") == 0


def test_connections_that_died_are_replaced_without_anybody_noticing(web: Web) -> None:
    addresses = (PAGE, "/healthz", "/metrics")
    assert [web.get(address).status for address in addresses] == [200, 200, 200]
    web.database.query(f"SELECT pg_terminate_backend(pid, 10000) {OTHERS}")  # and waits until they are gone
    assert [web.get(address).status for address in addresses] == [200, 200, 200]


def test_a_server_that_comes_back_is_used_again_at_once(web: Web) -> None:
    name = web.database.url.rpartition("/")[2]
    elsewhere = Database(web.database.folder, os.environ["TEST_DATABASE_URL"])
    assert web.get(PAGE).status == 200
    elsewhere.query(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    elsewhere.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")
    web.until("/healthz", 503)
    away = web.get(PAGE)
    assert away.status == 500
    assert away.seconds < web_pool.OPTIONS["timeout"] + 4
    elsewhere.query(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    web.until("/healthz", 200)
    began = time.monotonic()
    while web.get(PAGE).status != 200:
        assert time.monotonic() - began < 12, "the database is back, and is not used"


@pytest.mark.django_db
def test_other_processes_have_no_pool() -> None:
    assert connection.pool is None  # type: ignore[attr-defined]

"""A real `manage.py up --simulator` with LOG_FORMAT=json and profiles: each of its lines, each of its ports."""

from __future__ import annotations

import json
import re
import socket
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.journey.product import Product, until

PLAIN = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def three_ports() -> int:
    """The first of three ports in a row that are free."""
    for first in range(20_000, 60_000, 7):
        sockets: list[socket.socket] = []
        try:
            sockets += [socket.create_server(("127.0.0.1", first + more)) for more in range(3)]
        except OSError:
            continue
        finally:
            for one in sockets:
                one.close()
        return first
    raise AssertionError("no three free ports")


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    port = three_ports()
    product = Product(
        tmp_path_factory.mktemp("product"),
        "--simulator",
        LOG_FORMAT="json",
        ENABLE_PPROF="1",
        PPROF_ADDR=f"localhost:{port}",
        PYTHONWARNINGS="default",
        VOD_PROCESS_INTERVAL="1s",
    )
    product.start()
    yield product
    product.end()


def get(product: Product, role: int, path: str) -> str:
    port = int(product.env["PPROF_ADDR"].rpartition(":")[2]) + role
    with PLAIN.open(f"http://localhost:{port}/debug/pprof/{path}", timeout=60) as answer:
        return str(answer.read().decode(errors="replace"))


def lines(product: Product) -> list[dict[str, Any]]:
    return [json.loads(line) for line in product.log().splitlines()]


@pytest.mark.parametrize(("role", "command"), [(0, "serve"), (1, "worker"), (2, "recordchat")])
def test_each_of_the_three_processes_serves_profiles(product: Product, role: int, command: str) -> None:
    assert get(product, role, "cmdline").split("\0")[-1] == command


def test_the_worker_passes_on_to_its_clusters_and_their_task_processes(product: Product) -> None:
    def tasks() -> list[str]:
        """The children that work on tasks of django-q2."""
        pids = re.findall(r'\?pid=(\d+)"', get(product, 1, ""))
        return [pid for pid in pids if "django_q.worker.worker" in get(product, 1, f"goroutine?debug=1&pid={pid}")]

    until(lambda: len(tasks()) >= 2, 60, "task processes serve profiles")


def test_each_line_has_its_fields_until_the_end(product: Product) -> None:
    until(lambda: any(line["logger"] == "vods.processing" for line in lines(product)), 60, "a VOD is worked on")
    product.interrupt()
    said = lines(product)
    for line in said:
        assert {"time", "level", "logger", "corr", "msg"} <= set(line)
        assert len(line["corr"]) == 32
    assert {"vodtender.up", "vods.processing", "chat.recorder"} <= {line["logger"] for line in said}
    assert said[-1]["msg"] == "Stopped."
    assert not [line for line in said if line["level"] in {"error", "critical"}]


def test_no_key_of_the_demo_is_in_the_log(product: Product) -> None:
    keys = (product.data_dir / "simulator" / "keys.env").read_text()
    secrets = [line.partition("=")[2].strip("'\n") for line in keys.splitlines()]
    assert len(secrets) == 2
    assert not [secret for secret in secrets if secret in product.log()]

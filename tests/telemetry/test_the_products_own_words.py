"""A real `manage.py up` with profiles: each of its lines, in both formats, and each of its ports."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator

import pytest
from cryptography.fernet import Fernet

from tests.journey.product import Product, until

LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ +\S+ corr=[0-9a-f]{32} .*")
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
    """Without any account: nothing of the world outside is asked."""
    settings = {"SECRET_KEY": "s" * 50, "ENCRYPTION_KEY": Fernet.generate_key().decode(), "CHAT_AUTO_START": "0"}
    profiles = {"ENABLE_PPROF": "1", "PPROF_ADDR": f"localhost:{three_ports()}", "PYTHONWARNINGS": "default"}
    product = Product(tmp_path_factory.mktemp("product"), **settings, **profiles, LOG_FORMAT="text")
    product.start()
    yield product
    product.end()


def get(product: Product, role: int, path: str) -> str:
    port = int(product.env["PPROF_ADDR"].rpartition(":")[2]) + role
    with PLAIN.open(f"http://localhost:{port}/debug/pprof/{path}", timeout=60) as answer:
        return str(answer.read().decode(errors="replace"))


@pytest.mark.parametrize(("role", "command"), [(0, "serve"), (1, "worker"), (2, "recordchat")])
def test_each_of_the_three_processes_serves_profiles(product: Product, role: int, command: str) -> None:
    assert get(product, role, "cmdline").split("\0")[-1] == command


def test_the_worker_passes_on_to_its_clusters_and_their_task_processes(product: Product) -> None:
    def tasks() -> list[str]:
        """The children that work on tasks of django-q2."""
        pids = re.findall(r'\?pid=(\d+)"', get(product, 1, ""))
        return [pid for pid in pids if "django_q.worker.worker" in get(product, 1, f"goroutine?debug=1&pid={pid}")]

    until(lambda: len(tasks()) >= 2, 60, "task processes serve profiles")


def test_each_line_has_its_correlation_id_until_the_end(product: Product) -> None:
    product.interrupt()
    said = product.log().splitlines()
    assert len(said) > 8
    assert [line for line in said if not LINE.fullmatch(line)] == []
    assert said[-1].endswith(" Stopped.")
    assert not [secret for secret in ("s" * 50, product.env["ENCRYPTION_KEY"]) if secret in product.log()]

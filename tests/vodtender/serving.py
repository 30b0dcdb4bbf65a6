"""The web server as a real process on a database of its own, and what it answers."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.fernet import Fernet

from tests.databases import Database

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Answer:
    status: int
    text: str
    seconds: float


@dataclass(frozen=True)
class Web:
    address: str
    database: Database

    def get(self, path: str, **headers: str) -> Answer:
        request = urllib.request.Request(f"http://{self.address}{path}", headers=headers)
        began = time.monotonic()
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                status, text = answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            status, text = error.code, error.read().decode()
        return Answer(status, text, time.monotonic() - began)

    def until(self, path: str, status: int, within: float = 60.0) -> Answer:
        """Asks until it answers so."""
        limit = time.monotonic() + within
        while (answer := self.get(path)).status != status:
            assert time.monotonic() < limit, answer
            time.sleep(0.1)
        return answer


@contextmanager
def serving(database: Database, **variables: str) -> Iterator[Web]:
    """Migrates the database and serves until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    keys = {"SECRET_KEY": "only-for-the-tests", "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    own = {"DATA_DIR": str(database.folder), "HTTP_ADDR": address, "DJANGO_SETTINGS_MODULE": "vodtender.settings"}
    environment = {**os.environ, **own, **keys, **database.environment, **variables}
    manage = [sys.executable, "manage.py"]
    subprocess.run([*manage, "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    process = subprocess.Popen([*manage, "serve"], cwd=ROOT, env=environment)
    try:
        host, port = address.split(":")
        limit = time.monotonic() + 60
        while socket.socket().connect_ex((host, int(port))):
            assert process.poll() is None
            assert time.monotonic() < limit, "the web server does not listen"
            time.sleep(0.05)
        yield Web(address, database)
    finally:
        process.terminate()
        process.wait(30)

"""The product as a user runs it: real processes, seen from outside."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil

from tests.databases import Database

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "correct-horse-battery"
# What a developer's own environment must not bring into a test.
STRANGERS = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "NO_PROXY", "SSL_CERT_FILE", "PUBLIC_URL")


def until(condition: Callable[[], Any], within: float, what: str, then: Callable[[], str] = str) -> Any:
    """The first true answer of `condition`. Raises AssertionError: what did not come, and what `then` tells of it."""
    limit, pause = time.monotonic() + within, threading.Event()
    while not (answer := condition()):
        assert time.monotonic() < limit, f"not within {within:.0f} s: {what}\n{then()}"
        pause.wait(0.2)
    return answer


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Product:
    """`manage.py up` in a folder of its own. `tag` marks its processes, so that none can hide."""

    def __init__(self, folder: Path, *arguments: str, **variables: str) -> None:
        self.folder = folder
        self.data_dir = folder / "data"
        self.database = Database.empty(self.data_dir)
        self.address = f"127.0.0.1:{free_port()}"
        self.log_file = folder / "product.log"
        self.tag = f"tag-{os.getpid()}-{time.monotonic_ns()}"
        self._arguments = arguments
        self._said_before = 0
        clean = {name: value for name, value in os.environ.items() if name not in STRANGERS}
        self.env = {
            **clean,
            "PYTHONUNBUFFERED": "1",
            "DATA_DIR": str(self.data_dir),
            "HTTP_ADDR": self.address,
            "ADMIN_USERNAME": "pia",
            "ADMIN_PASSWORD": PASSWORD,
            "VODTENDER_TEST_TAG": self.tag,
            **self.database.environment,
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._said_before = len(self.log())
        with self.log_file.open("ab") as log:
            command = [sys.executable, "manage.py", "up", *self._arguments]
            self.process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        until(lambda: f"vod-tender is at http://{self.address}" in self.new_log(), 90, "the banner", self.story)

    def answers(self) -> bool:
        """Whether the web says that it is alive."""
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(f"http://{self.address}/healthz", timeout=5) as answer:
                return bool(answer.read() == b"ok")
        except OSError:
            return False

    def new_log(self) -> str:
        """What was said since the last start."""
        return self.log()[self._said_before :]

    def log(self) -> str:
        return self.log_file.read_text(errors="replace") if self.log_file.exists() else ""

    def story(self) -> str:
        """What happened, for the message of a test that failed: the state of each VOD and the end of the log."""
        return f"{self.peek()}\n{self.log()[-4000:]}"

    def interrupt(self) -> float:
        """Ctrl-C; seconds until everything has ended."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.wait(40)
        until(lambda: not self.living(), 5, "every process ends")
        return time.monotonic() - began

    def living(self) -> list[psutil.Process]:
        """Every process of this product that lives, whoever its parent is now."""
        return [process for process in psutil.process_iter() if self._is_ours(process)]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get("VODTENDER_TEST_TAG") == self.tag
        except (psutil.Error, OSError):
            return False

    def kill_everything(self) -> None:
        """kill -9 of every process."""
        for process in self.living():
            process.kill()
        if self.process is not None:
            self.process.wait(10)

    def end(self) -> None:
        for process in self.living():
            process.kill()
        if self.process is not None:
            self.process.wait(10)
        self.database.drop()

    def command(self, *arguments: str, check: bool = True, **more: Any) -> subprocess.CompletedProcess[str]:
        environment = {name: value for name, value in self.env.items() if name != "VODTENDER_TEST_TAG"}
        return subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=check,
            timeout=120,
            **more,
        )

    def vods(self) -> dict[str, dict[str, Any]]:
        """`manage.py vods --json` by twitch_id."""
        return {row["twitch_id"]: row for row in json.loads(self.command("vods", "--json").stdout)}

    def peek(self) -> dict[str, dict[str, Any]]:
        """State and progress by twitch_id, straight from the database: for waiting, which asks often."""
        rows = self.database.query("SELECT twitch_id, state, bytes_done, youtube_id FROM vods_vod")
        return {row["twitch_id"]: row for row in rows}

    def is_in_state(self, twitch_id: str, state: str) -> bool:
        return self.peek().get(twitch_id, {}).get("state") == state

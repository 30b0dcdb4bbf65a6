"""A simulator as a child process, for tests and benchmarks."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from . import environment

START_SECONDS = 20
STOP_SECONDS = 5


class ControlError(RuntimeError):
    """The control endpoint refused; the text is its answer."""


class ControlClient:
    """The control endpoint's methods. Paths and bodies are described in `simulator.control`."""

    def __init__(self, address: str) -> None:
        self.address = address
        # Never through a proxy: HTTPS_PROXY may point at the simulator itself.
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str) -> Any:
        return self._ask("GET", path, None)

    def post(self, path: str, **body: Any) -> Any:
        return self._ask("POST", path, body)

    def delete(self, path: str) -> Any:
        return self._ask("DELETE", path, None)

    def requests(self, host: str = "", contains: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/requests?host={host}&contains={contains}")
        return rows

    def vods(self, channel: str = "") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/vods?channel={channel}" if channel else "/vods")
        return rows

    def videos(self) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get("/youtube/videos")
        return rows

    def chat(self, channel: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.get(f"/chat/{channel}")
        return rows

    def say(self, channel: str, text: str, **more: Any) -> list[str]:
        """Sends messages; returns their ids."""
        ids: list[str] = self.post(f"/irc/{channel}/say", text=text, **more)["ids"]
        return ids

    def _ask(self, method: str, path: str, body: Any) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method=method)
        try:
            with self._opener.open(request, timeout=300) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise ControlError(f"{method} {path}: {error.code} {error.read().decode(errors='replace')}") from error


class Handle:
    """A running simulator: its environment, its control client, its process."""

    def __init__(self, process: subprocess.Popen[bytes], state_dir: Path, facts: dict[str, Any]) -> None:
        self.process, self.state_dir, self.facts = process, state_dir, facts
        proxy_port, irc_port = (int(facts[name].rpartition(":")[2]) for name in ("proxy", "irc"))
        self.env: dict[str, str] = environment(state_dir, proxy_port=proxy_port, irc_port=irc_port)
        self.control = ControlClient(facts["control"])

    @property
    def pid(self) -> int:
        return self.process.pid

    def stop(self) -> None:
        """SIGTERM, and SIGKILL if that does not help. Safe to repeat."""
        if self.process.poll() is None:
            self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def kill(self) -> None:
        """kill -9."""
        self.process.kill()
        self.process.wait()


def start(state_dir: Path, *options: str) -> Handle:
    """Starts a simulator with free ports (or those in `options`, as on the command line) and waits until it serves.

    It ends with this process. Raises RuntimeError with its own words when it does not come up.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    facts_file = state_dir / "simulator.json"
    said = state_dir / "simulator.log"
    with said.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--state-dir", str(state_dir), "--exit-with-stdin", *options],
            cwd=Path(__file__).resolve().parent.parent,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
    deadline = time.monotonic() + START_SECONDS
    while (facts := _facts(facts_file)).get("pid") != process.pid:
        if process.poll() is not None or time.monotonic() > deadline:
            process.kill()
            process.wait()
            raise RuntimeError(f"the simulator did not start: {said.read_text(errors='replace')[-2000:]}")
        time.sleep(0.02)
    return Handle(process, state_dir, facts)


def _facts(file: Path) -> dict[str, Any]:
    """What simulator.json says; a file that an earlier simulator left behind has another pid."""
    try:
        facts: dict[str, Any] = json.loads(file.read_bytes())
    except FileNotFoundError:
        return {}
    return facts


@contextmanager
def running(state_dir: Path, *options: str) -> Iterator[Handle]:
    """`start`, and `stop` at the end."""
    handle = start(state_dir, *options)
    try:
        yield handle
    finally:
        handle.stop()

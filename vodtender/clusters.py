"""Runs the django-q2 clusters of one worker: starts them, restarts what died, drains them within a time limit.

Each cluster is a child in a session of its own, with its own Q_CLUSTER_NAME (django-q2 reads it at import). All
processes below it hold the read end of one pipe, the lifeline: when the write end is closed, also by kill -9 of this
process, they stop their work and end.
"""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field

from django.conf import settings

from vods.drain import LIFELINE_FD

log = logging.getLogger(__name__)

NAMES = ("default", "media")
STOP_SECONDS = 24.0
RESTART_SECONDS = 2.0


@dataclass
class Clusters:
    """The running clusters by name."""

    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _read_end: int = -1
    _write_end: int = -1

    def start(self) -> None:
        self._read_end, self._write_end = os.pipe()
        for name in NAMES:
            self.children[name] = self._spawn(name)

    def restart_dead(self) -> None:
        """Starts again every cluster whose first process has ended."""
        for name, child in self.children.items():
            if child.poll() is None:
                continue
            log.error("The %s cluster ended (exit code %s); it is started again.", name, child.returncode)
            _kill_group(child.pid)
            time.sleep(RESTART_SECONDS)
            self.children[name] = self._spawn(name)

    def restart(self, name: str) -> None:
        """Ends a cluster by force and starts it again; its VODs go on from their journals."""
        _kill_group(self.children[name].pid)
        self.children[name].wait()
        self.children[name] = self._spawn(name)

    def stop(self) -> None:
        """Cuts the lifeline, waits for the work to be given back, then ends what is left."""
        if self._write_end < 0:
            return
        os.close(self._write_end)
        self._write_end = -1
        limit = time.monotonic() + STOP_SECONDS
        for child in self.children.values():
            try:
                child.wait(max(0.1, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("A cluster did not stop in time; it is ended.")
            _kill_group(child.pid)
            child.wait()

    def _spawn(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "worker", "--cluster", name]
        environment = {**os.environ, "Q_CLUSTER_NAME": name, LIFELINE_FD: str(self._read_end)}
        return subprocess.Popen(command, env=environment, pass_fds=[self._read_end], start_new_session=True)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        return

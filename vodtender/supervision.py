"""Keeps web, worker and recorder running, by supervisor (http://supervisord.org), and ends them in order.

`setpriv --pdeathsig` ends supervisord when `manage.py up` dies, also by kill -9, and each program when supervisord
dies; below the worker the lifeline of vods/drain.py does the same.
"""

from __future__ import annotations

import logging
import os
import shutil
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from vodtender.telemetry import output

log = logging.getLogger(__name__)

STOP_SECONDS = 28.0  # all programs together; each one's own limit is below


@dataclass(frozen=True)
class Program:
    """One process to keep running. `stop_seconds`: how long it may take to end before it is killed."""

    name: str
    arguments: tuple[str, ...]
    stop_seconds: int


PROGRAMS = (
    Program("web", ("serve",), 8),
    Program("worker", ("worker",), 26),
    Program("recorder", ("recordchat",), 8),
)


def command(*arguments: str) -> list[str]:
    """A manage.py command that dies with its parent."""
    return [*dies_with_parent(), sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]


def dies_with_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [setpriv, "--pdeathsig", "KILL"] if setpriv else []


class Supervisor:
    """One supervisord and the programs below it; their output goes to our stdout."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._output = threading.Thread()

    def start(self) -> None:
        read_end, write_end = os.pipe()
        config = self._folder / "supervisord.conf"
        config.write_text(_config(self._folder, write_end), encoding="utf-8")
        arguments = [*dies_with_parent(), sys.executable, "-m", "supervisor.supervisord", "-c", str(config)]
        self._process = subprocess.Popen(
            arguments,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            pass_fds=[write_end],
            start_new_session=True,
            cwd=settings.BASE_DIR,
        )
        os.close(write_end)
        threading.Thread(target=_relay, args=(read_end,), name="supervisor-log", daemon=True).start()
        self._output = threading.Thread(target=_copy, args=(self._process,), name="output", daemon=True)
        self._output.start()

    def ended(self) -> bool:
        return self._process is None or self._process.poll() is not None

    def stop(self) -> None:
        """Ends all programs within STOP_SECONDS, by force after it."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            log.warning("Not everything stopped within %d s; what is left is ended.", STOP_SECONDS)
            self._process.kill()
            self._process.wait()
        self._output.join(2)


def _config(folder: Path, log_fd: int) -> str:
    head = [
        "[supervisord]",
        "nodaemon=true",
        "silent=true",
        f"logfile=/dev/fd/{log_fd}",
        "logfile_maxbytes=0",
        "loglevel=info",
        f"pidfile={_escaped(folder / 'supervisord.pid')}",
    ]
    if os.geteuid() == 0:
        head.append("user=root")
    lines = list(head)
    for program in PROGRAMS:
        quoted = " ".join(f'"{_escaped(word)}"' for word in command(*program.arguments))
        lines += [
            f"[program:{program.name}]",
            f"command={quoted}",
            f"directory={_escaped(settings.BASE_DIR)}",
            "autorestart=true",
            "startsecs=2",
            "startretries=1000000",
            f"stopwaitsecs={program.stop_seconds}",
            "stopsignal=TERM",
            "killasgroup=true",
            "redirect_stderr=true",
            "stdout_logfile=/dev/fd/1",
            "stdout_logfile_maxbytes=0",
        ]
    return "\n".join(lines) + "\n"


def _escaped(word: object) -> str:
    return str(word).replace("%", "%%").replace('"', '\\"')


def _copy(process: subprocess.Popen[bytes]) -> None:
    """Our stdout may be a file that was not opened for appending: one writer, one offset."""
    if process.stdout is None:
        return
    output.relay(process.stdout, "vodtender.processes")


def _relay(fd: int) -> None:
    """Says what supervisor noticed, in our own log."""
    with os.fdopen(fd, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            text = line.strip()
            if "not expected" in text or "FATAL" in text or "backoff" in text.lower():
                log.error("%s", text.partition(" ")[2].partition(" ")[2] or text)

"""Runs one command and says what it cost: `python -m benchmarks.measured COMMAND …` prints one line of JSON.

A process of its own for each measurement: the kernel adds what a waited-for descendant used to its parent's figures,
so that afterwards this process's own hold the whole tree's (CPU seconds, bytes written to files). Memory is sampled.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import threading
import time
from dataclasses import asdict, dataclass
from pathlib import Path

SAMPLE_SECONDS = 0.1
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Cost:
    """Wall and CPU in seconds, memory and written in bytes. `written` counts files only, not pipes."""

    code: int
    wall: float
    cpu: float
    memory: int
    written: int


def measure(command: list[str], *, cwd: Path, environment: dict[str, str], log: Path) -> Cost:
    """What the command and all its descendants cost."""
    wrapped = [sys.executable, "-m", "benchmarks.measured", str(cwd), str(log), *command]
    done = subprocess.run(wrapped, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    return Cost(**json.loads(done.stdout))


def _run(cwd: str, log: str, command: list[str]) -> Cost:
    written_before = _written()
    with open(log, "wb") as said:
        began = time.monotonic()
        process = subprocess.Popen(command, cwd=cwd, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        peak = _Peak(process.pid)
        code = process.wait()
        wall = time.monotonic() - began
    memory = peak.end()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return Cost(code, wall, used.ru_utime + used.ru_stime, memory, _written() - written_before)


def _written() -> int:
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("write_bytes"))


class _Peak:
    """The most resident memory that the tree of a process had at one moment, pages shared within it counted twice."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._most = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self._most

    def _sample(self) -> None:
        while not self._over.wait(SAMPLE_SECONDS):
            self._most = max(self._most, sum(_resident(pid) for pid in _tree(self._pid)))


def _tree(pid: int) -> list[int]:
    found = [pid]
    for parent in found:
        for children in Path(f"/proc/{parent}/task").glob("*/children"):
            try:
                found += [int(child) for child in children.read_text(encoding="ascii").split()]
            except OSError:
                continue
    return found


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, IndexError):
        return 0


if __name__ == "__main__":
    print(json.dumps(asdict(_run(sys.argv[1], sys.argv[2], sys.argv[3:]))))

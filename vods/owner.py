"""Names the process that holds a lease, and tells whether such a process of this host still lives."""

from __future__ import annotations

import os
import signal
import socket
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Owner:
    """One process of one boot of one host. `started` (clock ticks since boot) tells a reused pid from the old one."""

    host: str
    boot: str
    pid: int
    started: int

    def __str__(self) -> str:
        return f"{self.host}|{self.boot}|{self.pid}|{self.started}"

    @classmethod
    def parse(cls, text: str) -> Owner | None:
        parts = text.split("|")
        if len(parts) != 4 or not (parts[2].isdigit() and parts[3].isdigit()):
            return None
        return cls(parts[0], parts[1], int(parts[2]), int(parts[3]))

    def is_here(self) -> bool:
        """True when it is, or was, a process of this host."""
        return self.host == host_name()

    def is_dead(self) -> bool:
        """True when it was a process of this host and is no more. Another host's process is never known to be dead."""
        return self.is_here() and (self.boot != boot_id() or _started(self.pid) != self.started)

    def kill(self) -> None:
        """Ends it when it lives on this host and is not the caller: a frozen owner must not wake up later."""
        if self.is_here() and not self.is_dead() and self.pid != os.getpid():
            os.kill(self.pid, signal.SIGKILL)


def this_process() -> Owner:
    return Owner(host_name(), boot_id(), os.getpid(), _started(os.getpid()) or 0)


def host_name() -> str:
    return socket.gethostname().replace("|", "-")[:100]


def boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))


def _started(pid: int) -> int | None:
    """Clock ticks since boot at which the process began (proc(5), stat field 22); None when there is none alive."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] in {"Z", "X"} else int(fields[19])

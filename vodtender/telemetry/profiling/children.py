"""Processes below this one that serve profiles: each listens on a Unix socket, DATA_DIR/run/pprof/SPACE/PID.sock.

SPACE is the kernel's number of the space that the pid is counted in: containers may share DATA_DIR, and each of them
has a process 7.
"""

from __future__ import annotations

import http.client
import os
import socket
import struct
from pathlib import Path

import psutil
from django.conf import settings

SECONDS_MORE = 60.0  # what an answer may take beyond the measuring itself


def folder() -> Path:
    """The folder of the sockets, which only its owner may enter."""
    above = Path(settings.DATA_DIR) / "run" / "pprof"
    above.mkdir(parents=True, exist_ok=True)
    above.chmod(0o700)
    path = above / str(Path("/proc/self/ns/pid").stat().st_ino)
    path.mkdir(exist_ok=True)
    return path


def listener() -> socket.socket:
    """A socket on which this process is asked, in place of any that a dead one of the same pid left."""
    listening = socket.socket(socket.AF_UNIX)
    descriptor = os.open(folder(), os.O_PATH | os.O_DIRECTORY)
    try:
        name = _short(descriptor, os.getpid())
        Path(name).unlink(missing_ok=True)
        listening.bind(name)
        os.chmod(name, 0o600)
        listening.listen(16)
    finally:
        os.close(descriptor)
    return listening


def below() -> dict[int, str]:
    """Command by pid of the descendants of this process that can be asked. Sockets of the dead are removed."""
    found: dict[int, str] = {}
    for path in sorted(folder().glob("*.sock")):
        pid = int(path.stem) if path.stem.isdigit() else 0
        if not psutil.pid_exists(pid):
            path.unlink(missing_ok=True)
        elif _is_below(pid):
            found[pid] = _command(pid)
    return found


def ask(pid: int, target: str, host: str, seconds: float) -> tuple[int, str, bytes]:
    """Status, content type and content of the child's answer to GET `target`, asked for `host`.

    Raises OSError, and LookupError when no such process below this one serves profiles.
    """
    if not _is_below(pid):
        raise LookupError(pid)
    connection = _Connection(pid, seconds + SECONDS_MORE)
    try:
        connection.request("GET", target, headers={"Host": host})
        response = connection.getresponse()
        return response.status, response.headers.get("Content-Type", "text/plain"), response.read()
    finally:
        connection.close()


class _Connection(http.client.HTTPConnection):
    def __init__(self, pid: int, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._pid = pid

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        descriptor = os.open(folder(), os.O_PATH | os.O_DIRECTORY)
        try:
            self.sock.connect(_short(descriptor, self._pid))
        except FileNotFoundError:
            raise LookupError(self._pid) from None
        finally:
            os.close(descriptor)
        peer = self.sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
        if struct.unpack("3i", peer)[0] != self._pid:  # another one, after the pid came round
            raise LookupError(self._pid)


def _short(folder_descriptor: int, pid: int) -> str:
    """An address of a socket has at most 107 letters, and DATA_DIR may have more."""
    return f"/proc/self/fd/{folder_descriptor}/{pid}.sock"


def _is_below(pid: int) -> bool:
    try:
        return any(parent.pid == os.getpid() for parent in psutil.Process(pid).parents())
    except psutil.Error:
        return False


def _command(pid: int) -> str:
    try:
        words = psutil.Process(pid).cmdline()
    except psutil.Error:
        return ""
    return " ".join(word.rpartition("/")[2] for word in words)

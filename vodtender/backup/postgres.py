"""PostgreSQL: one consistent dump with pg_dump, put back with pg_restore. Passwords never stand on a command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection, connections
from psycopg.conninfo import make_conninfo

from vodtender.backup import BackupError
from vodtender.backup.files import private_file, sync
from vodtender.backup.sqlite import Query

VERSION_SECONDS = 10
DEBIAN = Path("/usr/lib/postgresql")  # has a folder for each version
_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")


class ProgramMissing(BackupError):
    """pg_dump or pg_restore is not here, or too old for the server."""


@dataclass(frozen=True)
class Snapshot:
    """One moment of the database, readable by others as `name` while it is held."""

    name: str
    query: Query


@contextmanager
def snapshot() -> Iterator[Snapshot]:
    """Holds a moment of the database, on a connection of its own."""
    own = connections.create_connection("default")
    try:
        own.ensure_connection()
        own.set_autocommit(False)
        with own.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")

            def query(sql: str) -> list[tuple[Any, ...]]:
                cursor.execute(sql)
                return list(cursor.fetchall())

            yield Snapshot(str(query("SELECT pg_export_snapshot()")[0][0]), query)
    finally:
        own.close()


def tables(query: Query) -> list[str]:
    """The tables of the schema that the product uses."""
    sql = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
    return [str(name) for (name,) in query(sql)]


def dump(target: Path, of: Snapshot | None = None) -> None:
    """Writes pg_dump's custom format, on the disk. Raises ProgramMissing, BackupError."""
    find_program("pg_dump")
    private_file(target)
    words = ["--format=custom", "--no-owner", "--no-privileges", f"--file={target}"]
    _run("pg_dump", [*words, *([f"--snapshot={of.name}"] if of else [])])
    sync(target)


def check(path: Path) -> None:
    """Raises BackupError when pg_restore cannot read it, ProgramMissing when there is no pg_restore."""
    _run("pg_restore", ["--list", str(path)], connect=False)


def restore(path: Path) -> None:
    """Puts a dump into the empty database, all of it or nothing. Raises ProgramMissing, BackupError."""
    words = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", [*words, str(path)])


def find_program(name: str) -> Path:
    """The pg_dump or pg_restore that fits the server best: of its version, else the next newer. Raises ProgramMissing.

    Looked for on PATH and where Debian keeps those of several versions.
    """
    connection.ensure_connection()
    server = connection.connection.info.server_version // 10000
    found = {version: path for path in reversed(_candidates(name)) if (version := _version(path))}
    if fitting := sorted(version for version in found if version >= server):
        return found[fitting[0]]
    here = ", ".join(f"{path} is of version {version}" for version, path in sorted(found.items()))
    raise ProgramMissing(
        f"The server is PostgreSQL {server}, and {name} of version {server} or newer is not here"
        f"{f' ({here})' if here else ''}. Install it (Debian: apt install postgresql-client-{server}, from "
        "apt.postgresql.org when Debian's own is older), or run this where it is."
    )


def _candidates(name: str) -> list[Path]:
    on_path = [Path(folder) / name for folder in os.environ.get("PATH", "").split(os.pathsep) if folder]
    debian = sorted(DEBIAN.glob(f"*/bin/{name}"))
    return [path for path in [*on_path, *debian] if shutil.which(path)]


def _version(program: Path) -> int | None:
    try:
        words = [str(program), "--version"]
        said = subprocess.run(words, capture_output=True, text=True, check=True, timeout=VERSION_SECONDS).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(said)
    return int(match[1]) if match else None


def _run(name: str, words: list[str], *, connect: bool = True) -> None:
    program = find_program(name)
    where, environment = _address()
    command = [str(program), *([f"--dbname={where}", "--no-password"] if connect else []), *words]
    output = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    done = subprocess.run(command, env=environment, text=True, errors="replace", check=False, **output)  # type: ignore[call-overload]
    if done.returncode:
        raise BackupError(f"{name} failed: {done.stderr.strip()[-600:]}")


def _address() -> tuple[str, dict[str, str]]:
    """Where the database is, in libpq's words without the password, and the environment that holds it."""
    known = connection.get_connection_params()
    words = {name: str(value) for name, value in known.items() if isinstance(value, str | int) and name not in _OURS}
    environment = dict(os.environ)
    if password := known.get("password"):
        environment["PGPASSWORD"] = str(password)
    return make_conninfo("", **words), environment


_OURS = {"password", "client_encoding", "prepare_threshold", "autocommit"}  # the rest is libpq's

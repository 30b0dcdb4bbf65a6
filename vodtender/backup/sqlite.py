"""SQLite: a consistent copy while others write, and its check."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from vodtender.backup import BackupError
from vodtender.backup.files import private_file, sync

Query = Callable[[str], list[tuple[Any, ...]]]
WAIT_SECONDS = 20.0


def copy(source: Path, target: Path, *, thorough: bool = True) -> None:
    """A copy of one moment of the database, checked and on the disk. `thorough`: every index is checked too.

    It is taken in one step, so that what is written meanwhile neither gets in nor makes it start again. Raises
    BackupError.
    """
    if not source.is_file():
        raise BackupError(f"There is no database in {source} yet: nothing was copied.")
    private_file(target)
    try:
        with closing(sqlite3.connect(source, timeout=WAIT_SECONDS)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")  # one file, whatever the original uses
    except sqlite3.Error as error:
        raise BackupError(f"The database {source} could not be copied to {target}: {error}.") from None
    check(target, thorough=thorough)
    sync(target)


def check(path: Path, *, thorough: bool = True) -> None:
    """Raises BackupError when it is no database, or a damaged one."""
    try:
        with reading(path) as query:
            [said, *_] = query("PRAGMA integrity_check(3)" if thorough else "PRAGMA quick_check(3)")
    except sqlite3.DatabaseError as error:
        raise BackupError(f"{path} is no SQLite database, or it is damaged: {error}.") from None
    if said[0] != "ok":
        raise BackupError(f"The database {path} is damaged: {str(said[0])[:300]}.")


class reading:
    """`with reading(path) as query`: runs statements on a file that nobody writes to."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)

    def __enter__(self) -> Query:
        return lambda sql: self._connection.execute(sql).fetchall()

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def tables(query: Query) -> list[str]:
    """Its tables, without SQLite's own."""
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    return [str(name) for (name,) in query(sql)]

"""A database for the real processes of one test: a SQLite file in their folder, or one of its own on PostgreSQL.

PostgreSQL is used when TEST_DATABASE_URL is set (see tests/postgres.py).
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import psycopg.rows

ON_POSTGRESQL = bool(os.environ.get("TEST_DATABASE_URL"))


@dataclass(frozen=True)
class Database:
    """The database of an installation in `folder` (its DATA_DIR). `url` is "" on SQLite."""

    folder: Path
    url: str = ""

    @classmethod
    def empty(cls, folder: Path) -> Database:
        """A new one. On PostgreSQL it is there at once, on SQLite when somebody migrates; `drop` removes it."""
        if not ON_POSTGRESQL:
            return cls(folder)
        return cls(folder, _create())

    def copy(self, folder: Path) -> Database:
        """Another with the same content. Nobody may be connected to this one."""
        if self.url:
            return Database(folder, _create(like=urlsplit(self.url).path.lstrip("/")))
        with closing(sqlite3.connect(self.path)) as old, closing(sqlite3.connect(Database(folder).path)) as new:
            old.backup(new)
        return Database(folder)

    def drop(self) -> None:
        if self.url:
            _administer(f'DROP DATABASE IF EXISTS "{urlsplit(self.url).path.lstrip("/")}" WITH (FORCE)')

    @property
    def path(self) -> Path:
        """SQLite's file."""
        return self.folder / "vodtender.sqlite3"

    @property
    def environment(self) -> dict[str, str]:
        """What its processes need beside DATA_DIR."""
        return {"DATABASE_URL": self.url}

    def query(self, sql: str, *values: Any) -> list[dict[str, Any]]:
        """Runs one statement, with ? for values, and returns its rows by column. SQLite's times are text.

        Before the first migration, and before there is a file, there are no rows.
        """
        try:
            return self._on_postgresql(sql, values) if self.url else self._on_sqlite(sql, values)
        except (psycopg.errors.UndefinedTable, sqlite3.OperationalError) as error:
            if isinstance(error, sqlite3.OperationalError) and "no such table" not in str(error):
                raise
            return []

    def _on_postgresql(self, sql: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        rows = psycopg.rows.dict_row
        with psycopg.connect(self.url, autocommit=True, row_factory=rows, options="-c timezone=UTC") as connection:
            cursor = connection.execute(sql.replace("?", "%s"), values)
            return cursor.fetchall() if cursor.description else []

    def _on_sqlite(self, sql: str, values: tuple[Any, ...]) -> list[dict[str, Any]]:
        if not self.path.exists():
            return []
        with closing(sqlite3.connect(self.path, timeout=20)) as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute(sql, values)]
            connection.commit()
            return rows

    @contextmanager
    def locked(self, table: str) -> Iterator[None]:
        """Nobody can write to `table` while the block runs."""
        if self.url:
            with psycopg.connect(self.url) as connection:
                connection.execute(f'LOCK TABLE "{table}" IN EXCLUSIVE MODE')
                yield
                connection.rollback()
            return
        with closing(sqlite3.connect(self.path, timeout=20)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            yield


def _create(like: str = "template0") -> str:
    name = f"vodtender_test_{uuid.uuid4().hex[:12]}"
    _administer(f'CREATE DATABASE "{name}" TEMPLATE "{like}"')
    return urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()


def _administer(sql: str) -> None:
    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as connection:
        connection.execute(sql)

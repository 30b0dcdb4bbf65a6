"""Leases are set and compared by the database's clock, so that hosts need not agree on the time."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import DateTimeField, Func
from django.db.models.sql.compiler import SQLCompiler


class DbNow(Func):
    """The database's time, `seconds` from now, for queries and updates."""

    output_field = DateTimeField()

    def __init__(self, seconds: float = 0.0) -> None:
        super().__init__()
        self.seconds = seconds

    def as_sql(
        self, compiler: SQLCompiler, connection: BaseDatabaseWrapper, *args: Any, **extra_context: Any
    ) -> tuple[str, tuple[str | int, ...]]:
        return now_sql(connection.vendor, self.seconds), ()


def now_sql(vendor: str, seconds: float = 0.0) -> str:
    """SQL for the database's time, `seconds` from now; on SQLite in the text form in which Django stores times."""
    if vendor == "sqlite":
        return f"strftime('%%Y-%%m-%%d %%H:%%M:%%f', 'now', '{seconds:+f} seconds')"
    return f"(clock_timestamp() + interval '{seconds:f} seconds')"


def here(seconds: float = 0.0) -> str:
    return now_sql(connection.vendor, seconds)

"""Brings the database to this version's schema, with a copy of it first where there is something to lose."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

log = logging.getLogger(__name__)


def plan() -> list[Any]:
    """The migrations that are missing."""
    executor = MigrationExecutor(connection)
    missing: list[Any] = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return missing


def migrate() -> None:
    if connection.vendor == "sqlite":
        _only_for_us(Path(settings.DATABASES["default"]["NAME"]))
    steps = plan()
    if not steps:
        return
    if connection.vendor == "sqlite" and MigrationRecorder(connection).applied_migrations():
        log.info("The database is copied to %s before it is migrated.", backup_sqlite())
    call_command("migrate", interactive=False, verbosity=0)
    log.info("The database is migrated: %d steps.", len(steps))


def backup_sqlite() -> Path:
    """A consistent copy of the database, taken while it may be in use."""
    folder = Path(settings.DATA_DIR) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"before-migration-{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite3"
    _only_for_us(path)
    source = sqlite3.connect(settings.DATABASES["default"]["NAME"])
    copy = sqlite3.connect(path)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    return path


def _only_for_us(path: Path) -> None:
    """It holds sessions, password hashes and encrypted tokens. SQLite gives its -wal file the same mode."""
    path.touch(mode=0o600)
    path.chmod(0o600)

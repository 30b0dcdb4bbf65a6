"""Brings the database to this version's schema, with a copy of it first where there is something to lose."""

from __future__ import annotations

import logging
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

log = logging.getLogger(__name__)


def migrate() -> None:
    executor = MigrationExecutor(connection)
    plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not plan:
        return
    if executor.loader.applied_migrations and connection.vendor == "sqlite":
        log.info("The database is copied to %s before it is migrated.", backup_sqlite())
    call_command("migrate", interactive=False, verbosity=0)
    log.info("The database is migrated: %d steps.", len(plan))


def backup_sqlite() -> Path:
    """A consistent copy of the database, taken while it may be in use."""
    folder = Path(settings.DATA_DIR) / "backups"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"before-migration-{datetime.now(UTC):%Y%m%dT%H%M%S}.sqlite3"
    source = sqlite3.connect(settings.DATABASES["default"]["NAME"])
    copy = sqlite3.connect(path)
    try:
        source.backup(copy)
    finally:
        copy.close()
        source.close()
    return path

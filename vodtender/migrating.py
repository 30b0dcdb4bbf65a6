"""Brings the database to this version's schema, with a copy of it first where there is something to lose."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from vodtender.backup import BackupError
from vodtender.backup.files import private_file
from vodtender.backup.make import copy_database
from vodtender.backup.postgres import ProgramMissing

log = logging.getLogger(__name__)


def plan() -> list[Any]:
    """The migrations that are missing."""
    executor = MigrationExecutor(connection)
    missing: list[Any] = executor.migration_plan(executor.loader.graph.leaf_nodes())
    return missing


def migrate() -> None:
    """Raises BackupError when the copy fails: then nothing was migrated."""
    if connection.vendor == "sqlite":
        private_file(Path(settings.DATABASES["default"]["NAME"]))
    steps = plan()
    if not steps:
        return
    if MigrationRecorder(connection).applied_migrations():
        _copy_first()
    call_command("migrate", interactive=False, verbosity=0)
    log.info("The database is migrated: %d steps.", len(steps))


def _copy_first() -> None:
    name = f"before-migration-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    try:
        path = copy_database(Path(settings.DATA_DIR) / "backups", name)
    except ProgramMissing as error:
        log.warning("The database is migrated without a copy of it first. %s", error)
    except OSError as error:
        raise BackupError(f"The database could not be copied before its migration: {error}.") from None
    else:
        log.info("The database was copied to %s before it is migrated.", path)

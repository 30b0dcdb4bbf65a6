"""Puts a backup back, into an empty place only.

1. Everything is checked before anything is written: the backup's files, that it is for this kind of database and not
   of a newer version, and that there is nothing here that it would replace.
2. Videos and the chat journal first, the database last and in one step: a restore that was killed can be run again.
3. Rows are counted, the missing migrations are run, what was at work is given back, and it is said what is still to be
   done.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from sqlite3 import DatabaseError
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from oauth.crypto import unseal
from oauth.models import Token
from vods.leasing import take_back_from_the_dead
from vods.models import Vod
from vods.owner import host_name
from vodtender import migrating
from vodtender.backup import BackupError, files, manifest, postgres, sqlite
from vodtender.backup.make import counted
from vodtender.backup.manifest import JOURNAL, MEDIA, REFUSED, Manifest
from vodtender.http import ServiceError

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Restored:
    """`to_do`: what a person still has to do, in words."""

    manifest: Manifest
    migrated: int
    to_do: list[str]


def restore(folder: Path, *, keep_hosts: bool = False) -> Restored:
    """See the module. Unless `keep_hosts`, this host takes the place of the one that the backup was made on.

    Raises BackupError, before anything was changed but for videos and journal.
    """
    found = manifest.read(folder)
    _check_kind(found)
    manifest.check_files(folder, found)
    targets = _targets(found)
    _check_empty(folder, targets)
    try:
        for name, target in targets.items():
            _put(folder, name, target, found)
        _put_database(folder, found)
    except OSError as error:
        raise BackupError(f"The backup could not be restored: {error}. Run it again when that is mended.") from None
    _check_rows(found)
    steps = len(migrating.plan())
    call_command("migrate", interactive=False, verbosity=0)
    take_back_from_the_dead(everyone=True)
    if not keep_hosts:
        Vod.objects.filter(file_host=found.host).exclude(file_path="").update(file_host=host_name())
    return Restored(found, steps, _to_do(found))


def _check_kind(found: Manifest) -> None:
    if found.database != connection.vendor:
        names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
        raise BackupError(
            f"The backup is of {names[found.database]}, and this is {names.get(connection.vendor, connection.vendor)}. "
            f"{'Leave DATABASE_URL out' if found.database == 'sqlite' else 'Set DATABASE_URL to an empty database'}."
        )
    loader = MigrationLoader(None)
    ours = {app for app, _ in loader.disk_migrations}
    unknown = [
        f"{app}.{name}" for app, name in found.migrations if app in ours and (app, name) not in loader.disk_migrations
    ]
    if unknown:
        raise BackupError(
            f"The backup was made by a newer version ({found.version}): this one does not know "
            f"{', '.join(unknown[:3])}. Install that version or a newer one."
        )


def _targets(found: Manifest) -> dict[str, Path]:
    """Where the files of chat and the videos go, by their names in the backup."""
    targets = {}
    for name in found.files:
        if name.startswith(f"{JOURNAL}/") or name == REFUSED:
            targets[name] = Path(settings.DATA_DIR) / name
        elif name.startswith(f"{MEDIA}/"):
            targets[name] = Path(settings.MEDIA_DIR) / name.removeprefix(f"{MEDIA}/")
    return targets


def _check_empty(folder: Path, targets: dict[str, Path]) -> None:
    if connection.vendor == "sqlite":
        path = Path(settings.DATABASES["default"]["NAME"])
        if path.exists() and path.stat().st_size and _has_tables(path):
            raise BackupError(f"There is a database already: {path}. Restore into another DATA_DIR, or move it away.")
    elif _postgres_tables():
        raise BackupError(
            f"The database {connection.settings_dict['NAME']} is not empty. Make a new one and name it in DATABASE_URL."
        )
    journal = Path(settings.DATA_DIR) / JOURNAL
    names = {target.name for target in targets.values() if target.parent == journal}
    if others := [path for path in journal.glob("*.log") if path.stat().st_size and path.name not in names]:
        raise BackupError(f"There is chat of another recorder already: {others[0]}. Restore into another DATA_DIR.")
    for name, target in targets.items():
        if target.exists() and not _same(folder / name, target):
            raise BackupError(f"There is another file already: {target}. Restore elsewhere, or move it away.")


def _has_tables(path: Path) -> bool:
    try:
        with sqlite.reading(path) as query:
            return bool(query("SELECT 1 FROM sqlite_master LIMIT 1"))
    except DatabaseError:
        return True


def _postgres_tables() -> list[str]:
    with postgres.snapshot() as moment:
        return postgres.tables(moment.query)


def _same(one: Path, other: Path) -> bool:
    return one.stat().st_size == other.stat().st_size and files.sum_of(one) == files.sum_of(other)


def _put(folder: Path, name: str, target: Path, found: Manifest) -> None:
    """Copies a file under another name, compares it with its sum and renames it. One that is there is the same."""
    if target.exists():
        return
    half = target.with_name(f".{target.name}.restoring")
    if files.copy(folder / name, half) != found.files[name]:
        half.unlink()
        raise BackupError(f"The backup is damaged: {name} is not what it was. Take another backup.")
    half.rename(target)
    files.sync(target.parent)


def _put_database(folder: Path, found: Manifest) -> None:
    source = folder / found.database_file
    if found.database == "postgresql":
        postgres.restore(source)
        return
    connection.close()
    target = Path(settings.DATABASES["default"]["NAME"])
    half = target.with_name(f".{target.name}.restoring")
    files.copy(source, half)
    sqlite.check(half)
    for left in (f"{target}-wal", f"{target}-shm"):  # of an empty database: they would be read into this one
        Path(left).unlink(missing_ok=True)
    half.rename(target)
    files.sync(target.parent)


def _check_rows(found: Manifest) -> None:
    with connection.cursor() as cursor:

        def query(sql: str) -> list[tuple[Any, ...]]:
            cursor.execute(sql)
            return list(cursor.fetchall())

        now = counted(query, list(found.rows))
    if wrong := [
        f"{table} {now[table]} instead of {count}" for table, count in found.rows.items() if now[table] != count
    ]:
        raise BackupError(f"The restored database has other rows than the manifest says: {', '.join(wrong[:5])}.")


def _to_do(found: Manifest) -> list[str]:
    to_do = []
    if found.keys:
        where = "keys.env of the backup" if found.keys_included else "the place where you keep them"
        to_do.append(f"Put these into .env, from {where}: {', '.join(found.keys)}.")
    if problem := _sealed_problem():
        to_do.append(problem)
    root = Path(settings.MEDIA_DIR)
    if missing := [video for video in found.videos if not (root / video.path).is_file()]:
        to_do.append(f"Copy {len(missing)} of {len(found.videos)} videos to {root} (the first: {missing[0].path}).")
    if found.videos:
        to_do.append("manage.py verify compares the videos with what was downloaded.")
    to_do.append("Do not start the old installation again beside this one: both would work on the same VODs.")
    return to_do


def _sealed_problem() -> str:
    """Why what is stored encrypted cannot be read with the keys that are set; "" when it can."""
    sealed = [text for row in Token.objects.values_list("access_token", "refresh_token") for text in row if text]
    sealed += Vod.objects.exclude(upload_session="").values_list("upload_session", flat=True)
    try:
        for text in sealed:
            unseal(text)
    except ServiceError as error:
        return error.message
    return ""

"""Writes a backup while the product runs.

1. The chat journal is copied first, the database after it. What is cut off the journal is in the database by then: so
   a line is in the one or the other, or in both, which does no harm.
2. The database is that of one moment. What the manifest says of it (rows, migrations, videos) is of the same moment.
3. All is written to a hidden folder, brought to the disk, and renamed. A folder with the final name is a whole backup.
"""

from __future__ import annotations

import fcntl
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from django.conf import settings
from django.db import connection

from vods.owner import host_name
from vodtender import VERSION
from vodtender.backup import BackupError, files, manifest, postgres, sqlite
from vodtender.backup.files import Sum
from vodtender.backup.manifest import JOURNAL, KEYS, MEDIA, REFUSED, Manifest, Video
from vodtender.backup.sqlite import Query

log = logging.getLogger(__name__)

# What a restored product needs and a backup does not hold unless asked.
SECRETS = (
    "SECRET_KEY",
    "ENCRYPTION_KEY",
    "TWITCH_CLIENT_ID",
    "TWITCH_CLIENT_SECRET",
    "TWITCH_OAUTH_TOKEN",
    "YT_CLIENT_ID",
    "YT_CLIENT_SECRET",
    "METRICS_TOKEN",
)


@dataclass(frozen=True)
class Made:
    """`left_out`: videos that should have been copied and could not, with the reason."""

    folder: Path
    manifest: Manifest
    left_out: list[str]


def make(parent: Path, *, keys: bool = False, media: bool = False) -> Made:
    """A new backup in a folder of its own below `parent`. Raises BackupError; then nothing is left behind."""
    moment = datetime.now(UTC)
    name = f"vod-tender-{moment:%Y%m%dT%H%M%SZ}"
    try:
        files.private_folder(parent)
        if (parent / name).exists():
            raise BackupError(f"{parent / name} is there already. Try again in a second.")
        with _partial(parent, name) as partial:
            made = _fill(partial, moment, keys=keys, media=media)
            partial.rename(parent / name)
            files.sync(parent)
    except OSError as error:
        raise BackupError(f"The backup could not be written to {parent}: {error}.") from None
    return Made(parent / name, made.manifest, made.left_out)


def copy_database(folder: Path, name: str) -> Path:
    """A copy of the database alone, `name` with the ending of its kind. Raises ProgramMissing, BackupError."""
    files.private_folder(folder)
    sqlite_file = connection.vendor == "sqlite"
    path = folder / f"{name}.{'sqlite3' if sqlite_file else 'pgdump'}"
    half = folder / f".{path.name}.partial"
    try:
        if sqlite_file:
            sqlite.copy(Path(settings.DATABASES["default"]["NAME"]), half, thorough=False)
        else:
            postgres.dump(half)
        half.rename(path)
    finally:
        half.unlink(missing_ok=True)
    files.sync(folder)
    return path


def _fill(folder: Path, moment: datetime, *, keys: bool, media: bool) -> Made:
    sums = _copy_chat(folder)
    facts = _copy_database(folder)
    database = manifest.DATABASES[connection.vendor]
    sums[database] = files.sum_of(folder / database)
    values = _secrets()
    if keys:
        lines = [f"{name}={_quoted(value)}\n" for name, value in values.items()]
        files.write(folder / KEYS, "".join(lines).encode())
        sums[KEYS] = files.sum_of(folder / KEYS)
    left_out: list[str] = []
    if media:
        copied, left_out = _copy_media(folder, facts.videos)
        sums |= copied
    made = Manifest(
        VERSION,
        moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        host_name(),
        connection.vendor,
        facts.migrations,
        facts.rows,
        sorted(values),
        keys,
        media,
        facts.videos,
        sums,
    )
    manifest.write(folder, made)
    for path in [*folder.rglob("*/"), folder]:
        if path.is_dir():
            files.sync(path)
    return Made(folder, made, left_out)


@dataclass(frozen=True)
class _Facts:
    migrations: list[list[str]]
    rows: dict[str, int]
    videos: list[Video]


def _copy_database(folder: Path) -> _Facts:
    path = folder / manifest.DATABASES[connection.vendor]
    if connection.vendor == "sqlite":
        sqlite.copy(Path(settings.DATABASES["default"]["NAME"]), path)
        with sqlite.reading(path) as query:
            return _facts(query, sqlite.tables(query))
    postgres.find_program("pg_dump")
    with postgres.snapshot() as moment:
        facts = _facts(moment.query, postgres.tables(moment.query))
        postgres.dump(path, moment)
    return facts


def _facts(query: Query, tables: list[str]) -> _Facts:
    if not {"django_migrations", "vods_vod"} <= set(tables):
        raise BackupError(
            "The database is empty yet: there is nothing to back up. `manage.py prepare` makes its tables."
        )
    migrations = [[str(app), str(name)] for app, name in query("SELECT app, name FROM django_migrations ORDER BY id")]
    videos = query(
        "SELECT twitch_id, file_path, file_size, file_sha256, file_host FROM vods_vod WHERE file_path <> '' ORDER BY id"
    )
    return _Facts(migrations, counted(query, tables), [Video(*row) for row in videos])


def counted(query: Query, tables: list[str]) -> dict[str, int]:
    """Rows by table."""
    return {table: int(query(f'SELECT count(*) FROM "{table}"')[0][0]) for table in tables}  # noqa: S608


def _copy_chat(folder: Path) -> dict[str, Sum]:
    """The recorder's journal, oldest segment first, and what the database refused for good."""
    chat = Path(settings.DATA_DIR) / "chat"
    sums = {}
    for path in sorted((chat / "journal").glob("*.log")):
        with suppress(FileNotFoundError):  # it was carried over into the database, which is copied after this
            sums[f"{JOURNAL}/{path.name}"] = files.copy(path, folder / JOURNAL / path.name)
    if (chat / "refused.log").is_file():
        sums[REFUSED] = files.copy(chat / "refused.log", folder / REFUSED)
    return sums


def _copy_media(folder: Path, videos: list[Video]) -> tuple[dict[str, Sum], list[str]]:
    root = Path(settings.MEDIA_DIR).resolve()
    copied, left_out = {}, []
    for video in videos:
        source = (root / video.path).resolve()
        target = folder / MEDIA / video.path
        if not source.is_relative_to(root) or not source.is_file():
            left_out.append(f"{video.vod}: {video.path} is not on this machine")
            continue
        made = files.copy(source, target)
        if video.sha256 and made.sha256 != video.sha256:
            left_out.append(f"{video.vod}: {video.path} is not what was downloaded (manage.py verify {video.vod})")
            target.unlink()
            continue
        copied[f"{MEDIA}/{video.path}"] = made
    return copied, left_out


def _secrets() -> dict[str, str]:
    """The secret variables that are set. A SECRET_KEY that was made up for this process is not."""
    values = {name: getattr(settings, name) for name in SECRETS if name != "ENCRYPTION_KEY"}
    values["ENCRYPTION_KEY"] = ",".join(settings.ENCRYPTION_KEYS)
    if not settings.SECRET_KEY_IS_SET:
        del values["SECRET_KEY"]
    return {name: values[name] for name in SECRETS if values.get(name)}


def _quoted(value: str) -> str:
    """As a line of .env takes it."""
    if re.fullmatch(r"[A-Za-z0-9_.,:/+=@%-]*", value):
        return value
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


@contextmanager
def _partial(parent: Path, name: str) -> Iterator[Path]:
    """A hidden folder to fill, removed if it is still there at the end. So are those of backups that were killed."""
    for old in parent.glob(".vod-tender-*.partial"):
        with suppress(OSError), _locked(old):
            shutil.rmtree(old)
            log.info("Removed %s, which a backup that was killed had left.", old)
    partial = parent / f".{name}.partial"
    partial.mkdir(mode=0o700)
    with _locked(partial):
        try:
            yield partial
        finally:
            shutil.rmtree(partial, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Raises BlockingIOError while another process fills it."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)

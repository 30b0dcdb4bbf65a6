"""System checks: what would hurt later is said at the start, with a hint."""

from __future__ import annotations

import os
import socket
from pathlib import Path
from typing import Any

import psutil
from cryptography.fernet import Fernet
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register
from django.core.management import CommandError

from vodtender import migrating
from vodtender.http import check_environment

NETWORK_FILESYSTEMS = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "fuse.sshfs", "ceph", "glusterfs"}


def keys_are_set() -> list[CheckMessage]:
    """The keys that sessions and stored tokens need, each usable."""
    found: list[CheckMessage] = []
    if not settings.SECRET_KEY_IS_SET:
        found.append(
            Error("SECRET_KEY is not set.", hint="`make env` writes .env with fresh keys.", id="vodtender.E001")
        )
    if not settings.ENCRYPTION_KEYS:
        hint = "`make env` writes .env with fresh keys. Keep a copy of it: stored tokens cannot be read without it."
        found.append(Error("ENCRYPTION_KEY is not set.", hint=hint, id="vodtender.E002"))
    for number, key in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            Fernet(key)
        except ValueError:
            text = f"ENCRYPTION_KEY: key {number} of {len(settings.ENCRYPTION_KEYS)} is not a key."
            hint = "It should be 32 random bytes in URL-safe base64; several are separated by commas, the newest first."
            found.append(Error(text, hint=hint, id="vodtender.E003"))
    return found


def folders_are_writable() -> list[CheckMessage]:
    """DATA_DIR and MEDIA_DIR exist, or can be made, and can be written to."""
    found: list[CheckMessage] = []
    for name in ("DATA_DIR", "MEDIA_DIR"):
        folder: Path = getattr(settings, name)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe = folder / f".write-probe-{os.getpid()}"
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            text = f"{name} ({folder}) cannot be written to: {error.strerror}."
            found.append(Error(text, hint=f"Set {name} to a folder that this user owns.", id="vodtender.E004"))
    return found


def require_start(*, certificates_come: bool = False, schema_comes: bool = False) -> None:
    """What a process that runs for long must find. Raises CommandError with every problem in words, or EnvError.

    `certificates_come`: SSL_CERT_FILE may name a file that is not there yet, as before a simulator's first start.
    `schema_comes`: the caller itself brings the database up to date.
    Not registered with Django: `check`, `migrate` and other short commands need neither keys nor folders.
    """
    errors = [*keys_are_set(), *folders_are_writable()]
    if errors:
        raise CommandError("\n".join(f"{error.msg} {error.hint}" for error in errors))
    if not certificates_come:
        check_environment()
    if not schema_comes and migrating.plan():
        text = "The database is not up to date: `manage.py up` brings it there, and `manage.py migrate` does."
        raise CommandError(text)


def require_free_port() -> None:
    """Raises CommandError when HTTP_ADDR cannot be listened on."""
    host, port = settings.HTTP_ADDR
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        text = f"HTTP_ADDR {host}:{port} cannot be listened on ({error.strerror}). Set HTTP_ADDR to a free port."
        raise CommandError(text) from None


@register(Tags.database)
def sqlite_is_local(**_: Any) -> list[CheckMessage]:
    """SQLite on a network mount loses data."""
    if settings.DATABASES["default"]["ENGINE"] != "django.db.backends.sqlite3":
        return []
    kind = _filesystem_of(settings.DATA_DIR)
    if kind not in NETWORK_FILESYSTEMS:
        return []
    text = f"DATA_DIR ({settings.DATA_DIR}) is on a network mount ({kind}), where SQLite is not safe."
    return [Warning(text, hint="Use a local DATA_DIR, or PostgreSQL by DATABASE_URL.", id="vodtender.W001")]


def _filesystem_of(folder: Path) -> str:
    mounts = [p for p in psutil.disk_partitions(all=True) if folder.is_relative_to(p.mountpoint)]
    return max(mounts, key=lambda p: len(p.mountpoint)).fstype if mounts else ""

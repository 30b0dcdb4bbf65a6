"""One refresh at a time: a refresh token that rotates is good for one use.

The lock lives as long as its process or connection, so a kill -9 leaves none behind, and no transaction is open while
it is held: on SQLite all workers share a host, and a file in DATA_DIR does; on PostgreSQL it is an advisory lock.
"""

from __future__ import annotations

import fcntl
import os
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.db import Error, connection

from vodtender.http import ErrorKind, ServiceError

WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1
_ADVISORY_CLASS = 7_202_010


@contextmanager
def refresh_lock(provider: str) -> Iterator[None]:
    """Holds the lock of `provider`. Raises ServiceError (TRANSIENT) when another worker keeps it for a minute."""
    locked = _advisory(provider) if connection.vendor == "postgresql" else _file(provider)
    with locked:
        yield


@contextmanager
def _file(provider: str) -> Iterator[None]:
    path = Path(settings.DATA_DIR) / f".token-{provider}.lock"
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _wait_for(lambda: _try_file(handle), provider)
        yield
    finally:
        os.close(handle)


def _try_file(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _advisory(provider: str) -> Iterator[None]:
    keys = [_ADVISORY_CLASS, zlib.crc32(provider.encode()) & 0x7FFFFFFF]
    _wait_for(lambda: _ask("SELECT pg_try_advisory_lock(%s, %s)", keys), provider)
    try:
        yield
    finally:
        try:
            _ask("SELECT pg_advisory_unlock(%s, %s)", keys)
        except Error:
            connection.close()  # the lock ends with its connection


def _ask(sql: str, keys: list[int]) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(sql, keys)
        return bool(cursor.fetchone()[0])


def _wait_for(locked: Callable[[], bool], provider: str) -> None:
    give_up = time.monotonic() + WAIT_SECONDS
    while not locked():
        if time.monotonic() > give_up:
            text = f"Another worker has been renewing the {provider} token for a minute. It is tried again by itself."
            raise ServiceError("vod-tender", ErrorKind.TRANSIENT, text)
        time.sleep(_POLL_SECONDS)

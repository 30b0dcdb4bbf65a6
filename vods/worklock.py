"""The lock on a VOD's work folder: one process at a time, released by the kernel when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vodtender.http import ErrorKind, ServiceError

NAME = "lock"


@contextmanager
def work_lock(folder: Path) -> Iterator[None]:
    """Hold the lock of the folder, which is made when missing. Raises ServiceError (TRANSIENT) when it is held."""
    descriptor = _acquire(folder)
    try:
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def holder(folder: Path) -> int | None:
    """The pid of the process of this host that holds the folder's lock, None when it is free."""
    try:
        descriptor = os.open(folder / NAME, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        text = os.pread(descriptor, 32, 0).strip()
        return int(text) if text.isdigit() else 0
    finally:
        os.close(descriptor)
    return None


def _acquire(folder: Path) -> int:
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / NAME
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 32, 0).strip().decode("ascii", "replace")
            os.close(descriptor)
            text = f"Another process (pid {pid or 'unknown'}) works on this VOD in {folder}. It is tried again later."
            raise ServiceError("work folder", ErrorKind.TRANSIENT, text) from None
        if _is_still(path, descriptor):
            return descriptor
        os.close(descriptor)  # the last holder removed the folder between our open and our lock


def _is_still(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False

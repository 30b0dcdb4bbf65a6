"""One recorder for one data folder: two would record everything twice over and ask Twitch twice."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Occupied(Exception):
    """Another process holds the lock; the text names it."""


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Holds the lock file; it is free again with the process, however that ends. Raises Occupied, or OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="ascii") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Occupied(f"process {file.read(20).strip() or 'unknown'} holds {path}") from None
        file.seek(0)
        file.truncate()
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield

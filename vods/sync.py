"""Brings growing files to the disk beside the work, so that neither the writer nor the end has to wait for it."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

EVERY_SECONDS = 2.0
EVERY_BYTES = 64 << 20


class Syncer:
    """Syncs open files in the order given, each time that enough was written or time went by.

    `beside` is a file that another process writes and that may not be there yet. An error is raised by the next
    `written`, or by `close`.
    """

    def __init__(self, *descriptors: int, beside: Path | None = None) -> None:
        self._descriptors = descriptors
        self._beside = beside
        self._state = threading.Condition()
        self._unsynced = 0
        self._since = time.monotonic()
        self._over = False
        self._error: OSError | None = None
        self._thread = threading.Thread(target=self._work, name="part-sync", daemon=True)
        self._thread.start()

    def written(self, count: int) -> None:
        """Say that `count` bytes more were written. Raises OSError when an earlier sync failed."""
        if self._error is not None:
            raise self._error
        self._unsynced += count
        if self._unsynced >= EVERY_BYTES or time.monotonic() - self._since >= EVERY_SECONDS:
            with self._state:
                self._state.notify()

    def close(self) -> None:
        """End the thread; what was written since the last sync is not synced."""
        with self._state:
            self._over = True
            self._state.notify()
        self._thread.join()

    def _work(self) -> None:
        while True:
            with self._state:
                if not self._over and self._unsynced < EVERY_BYTES:
                    self._state.wait(EVERY_SECONDS)
                if self._over:
                    return
                pending, self._unsynced, self._since = self._unsynced, 0, time.monotonic()
            if not pending:
                continue
            try:
                self._sync()
            except OSError as error:
                self._error = error
                return

    def _sync(self) -> None:
        for descriptor in self._descriptors:
            os.fdatasync(descriptor)
        if self._beside is not None and self._beside.exists():
            sync_file(self._beside)


def sync_file(path: Path) -> None:
    """Bring the file's content to the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

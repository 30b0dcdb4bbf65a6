"""Counts by stack, which threads and signal handlers write at any moment."""

from __future__ import annotations

import _thread
import os

from vodtender.telemetry.profiling.profile import NOTHING, Stack

MOST_STACKS = 5000
PATIENCE = 0.05  # seconds


class Table:
    """Number of events and their nanoseconds, by stack. Beyond MOST_STACKS all are counted as one."""

    def __init__(self) -> None:
        self._rows: dict[Stack, tuple[int, int]] = {}
        self._lock = _thread.allocate_lock()  # one that is not measured itself
        os.register_at_fork(after_in_child=self._begin_again)

    def add(self, stack: Stack, ns: int, events: int = 1) -> None:
        # A signal handler may come while its own thread holds the lock: then it gives up, and one event is not counted.
        if not self._lock.acquire(timeout=PATIENCE):
            return
        try:
            if stack not in self._rows and len(self._rows) >= MOST_STACKS:
                stack = NOTHING
            count, total = self._rows.get(stack, (0, 0))
            self._rows[stack] = (count + events, total + ns)
        finally:
            self._lock.release()

    def rows(self) -> list[tuple[Stack, tuple[int, int]]]:
        return list(self._rows.items())

    def _begin_again(self) -> None:
        self._lock = _thread.allocate_lock()
        self._rows = {}

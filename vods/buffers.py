"""Memory for the bodies of segments, used again and again.

A fresh buffer for each body costs page faults for all of it, and freed ones are kept by the allocator's arenas of each
thread, which for bodies of 10 MB was twice the memory in use.
"""

from __future__ import annotations

import mmap
import threading


class Buffers:
    """Hands out memory, for several threads. What is not given back is freed like any other object."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free: list[mmap.mmap] = []

    def take(self, size: int) -> memoryview:
        """Writable memory of `size` bytes with any content."""
        with self._lock:
            while self._free:
                buffer = self._free.pop()
                if len(buffer) >= size:
                    return memoryview(buffer)[:size]
        spare = size + size // 4 + mmap.PAGESIZE  # not touched, so not there, until a longer body comes
        return memoryview(mmap.mmap(-1, spare))[:size]

    def give(self, body: memoryview) -> None:
        """Give back what `take` gave; nobody may use `body` any more."""
        buffer = body.obj
        body.release()
        if isinstance(buffer, mmap.mmap):
            with self._lock:
                self._free.append(buffer)

"""The limit on bytes a second, for all downloads of a host together.

The state is one number in a small file: until when (by the host's monotonic clock, which all processes share) the rate
is booked. Who reads bytes books them and sleeps until the end of the booking, so everybody gets the same share per
connection. The file's lock is the kernel's: it goes when its holder dies, and what a dead holder leaves is one number
that is either old or new.
"""

from __future__ import annotations

import fcntl
import math
import mmap
import os
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "download-rate"
BURST_SECONDS = 0.25
LONGEST_BOOKING = 30.0  # more is left over from before a reboot, or is rubbish
SMALLEST_CHUNK = 1024
_STATE = struct.Struct("d")


class TokenBucket:
    """Lets `rate` bytes a second through, over all threads of this process; 0 means no limit."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._lock = threading.Lock()
        self._free_at = time.monotonic()

    def chunk(self, most: int) -> int:
        """How many bytes to read before asking for the delay: few when the rate is low, so that all get their turn."""
        return min(most, max(SMALLEST_CHUNK, self._rate // 32)) if self._rate else most

    def delay(self, count: int) -> float:
        """Book `count` bytes and say how many seconds to wait for them."""
        if not self._rate:
            return 0.0
        with self._lock, self._shared():
            now = time.monotonic()
            free_at = self._load()
            if not -math.inf < free_at - now < LONGEST_BOOKING:
                free_at = now
            free_at = max(free_at, now - BURST_SECONDS) + count / self._rate
            self._store(free_at)
            return max(0.0, free_at - now)

    def close(self) -> None:
        """Let go of what is shared."""

    @contextmanager
    def _shared(self) -> Iterator[None]:
        yield

    def _load(self) -> float:
        return self._free_at

    def _store(self, free_at: float) -> None:
        self._free_at = free_at


class SharedBucket(TokenBucket):
    """A TokenBucket shared by all processes that name the same folder, which is made when missing. Raises OSError."""

    def __init__(self, rate: int, folder: Path) -> None:
        super().__init__(rate)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            if os.fstat(self._file).st_size < mmap.PAGESIZE:
                os.ftruncate(self._file, mmap.PAGESIZE)
            self._memory = mmap.mmap(self._file, mmap.PAGESIZE)
        except OSError:
            os.close(self._file)
            raise

    def close(self) -> None:
        self._memory.close()
        os.close(self._file)

    @contextmanager
    def _shared(self) -> Iterator[None]:
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def _load(self) -> float:
        found: float = _STATE.unpack_from(self._memory)[0]
        return found

    def _store(self, free_at: float) -> None:
        _STATE.pack_into(self._memory, 0, free_at)


def bucket_for(rate: int, folder: Path | None) -> TokenBucket:
    """The bucket for a limit of `rate` bytes a second, shared when a folder is named."""
    return SharedBucket(rate, folder) if rate and folder is not None else TokenBucket(rate)

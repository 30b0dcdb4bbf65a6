"""Twitch's limit on joins: https://dev.twitch.tv/docs/chat/#rate-limits."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

JOINS, JOIN_SECONDS = 20, 10.0


class Pacer:
    """Lets `most` through in any `seconds`. It counts on across connections, as Twitch does."""

    def __init__(
        self, most: int = JOINS, seconds: float = JOIN_SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._seconds = seconds
        self._clock = clock
        self._taken: deque[float] = deque(maxlen=most)

    def wait(self) -> float:
        """Seconds until the next may go."""
        if len(self._taken) < self._most:
            return 0.0
        return max(0.0, self._taken[0] + self._seconds - self._clock())

    async def take(self) -> None:
        while wait := self.wait():
            await asyncio.sleep(wait)
        self._taken.append(self._clock())

"""A window of segments in flight over parallel connections, whose bodies come out in order."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from vods.connections import Aborted
from vods.playlist import Segment
from vods.segments import Missing
from vodtender.http import ServiceError

FASTER = 1.08  # more connections are worth keeping up with when they bring at least this much more
ROUNDS_BETWEEN_TRIES = 8


@dataclass(frozen=True)
class Fetched:
    """A piece's bytes. `muted`: they came without (all of) the sound."""

    body: memoryview
    muted: bool = False


Result = Fetched | Missing | ServiceError


class Window:
    """A window of segments in flight, results handed out in order.

    It begins with `connections` at once and goes up to `most` as long as more of them bring more bytes a second, which
    they do when the server answers late or slows each connection down. Memory is bounded: no segment is begun that is
    too far past the next one to hand out, nor one that may bring those begun and not handed out above `budget` bytes,
    judging by the largest so far.
    """

    def __init__(
        self,
        fetch: Callable[[Segment], Fetched],
        pieces: Sequence[Segment],
        *,
        connections: int,
        aborted: threading.Event,
        most: int = 0,
        budget: int = 80 << 20,
    ) -> None:
        self._fetch = fetch
        self._pieces = pieces
        self._budget = budget
        self._aborted = aborted
        self._state = threading.Condition()
        self._results: dict[int, Result | BaseException] = {}
        self._largest = 0
        self._next, self._head = 0, 0
        self._over = False
        self._growth = _Growth(connections, max(connections, most))
        self._threads = [self._thread(i) for i in range(min(connections, len(pieces)))]

    def __enter__(self) -> Window:
        for thread in tuple(self._threads):  # those that run may begin others
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads. Abort the connections first when bodies are in flight."""
        with self._state:
            self._over = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()

    def results(self) -> Iterator[tuple[Segment, Fetched | Missing]]:
        """Each piece with its body, or Missing. Raises the ServiceError of the first piece that failed; Aborted."""
        for place, piece in enumerate(self._pieces):
            with self._state:
                while place not in self._results and not self._aborted.is_set():
                    self._state.wait(0.2)
                if place not in self._results:
                    raise Aborted
                result = self._results.pop(place)
                self._head = place + 1
                self._state.notify_all()
            if not isinstance(result, Fetched | Missing):
                raise result
            yield piece, result

    def _thread(self, number: int) -> threading.Thread:
        return threading.Thread(target=self._work, name=f"segment-{number}", daemon=True)

    def _work(self) -> None:
        while (place := self._claim()) is not None:
            try:
                result: Result | BaseException = self._fetch(self._pieces[place])
            except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it in its turn
                result = error
            with self._state:
                self._results[place] = result
                if isinstance(result, Fetched):
                    self._largest = max(self._largest, len(result.body))
                    self._grow(len(result.body))
                self._over = self._over or not isinstance(result, Fetched | Missing)
                self._state.notify_all()

    def _grow(self, size: int) -> None:
        self._growth.note(size)
        while len(self._threads) < min(self._growth.wanted, len(self._pieces)) and not self._over:
            self._threads.append(self._thread(len(self._threads)))
            self._threads[-1].start()

    def _claim(self) -> int | None:
        with self._state:
            while not self._over and self._next < len(self._pieces):
                begun = self._next - self._head
                if begun == 0 or (begun < 2 * self._growth.wanted and (begun + 1) * self._largest <= self._budget):
                    self._next += 1
                    return self._next - 1
                self._state.wait()
        return None


class _Growth:
    """How many connections are wanted, judged by the bytes a second of one round (one body for each) to the next."""

    def __init__(self, first: int, most: int) -> None:
        self.wanted = first
        self._most = most
        self._best = 0.0
        self._quiet = 0
        self._count, self._bytes, self._since = 0, 0, time.monotonic()

    def note(self, size: int) -> None:
        """A body of `size` bytes is complete."""
        if self.wanted >= self._most:
            return
        self._count += 1
        self._bytes += size
        if self._count < self.wanted:
            return
        now = time.monotonic()
        rate = self._bytes / max(now - self._since, 1e-6)
        self._quiet += 1
        if rate > self._best * FASTER or self._quiet >= ROUNDS_BETWEEN_TRIES:
            self.wanted = min(self._most, self.wanted + max(1, self.wanted // 2))
            self._quiet = 0
        self._best = max(self._best, rate)
        self._count, self._bytes, self._since = 0, 0, now

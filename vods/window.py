"""A window of segments in flight over parallel connections, whose bodies come out in order."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

from vods.connections import Aborted
from vods.playlist import Segment
from vods.segments import Missing
from vodtender.http import ServiceError

Result = bytearray | Missing | ServiceError


class Window:
    """A window of segments in flight: at most `connections` at once, results handed out in order.

    Memory is bounded: no segment is begun that is `ahead` places past the next one to hand out, nor one that may bring
    those begun and not handed out above `budget` bytes, judging by the largest so far.
    """

    def __init__(
        self,
        fetch: Callable[[Segment], bytearray],
        pieces: Sequence[Segment],
        *,
        connections: int,
        aborted: threading.Event,
        budget: int = 128 << 20,
    ) -> None:
        self._fetch = fetch
        self._pieces = pieces
        self._ahead = connections + (connections + 1) // 2
        self._budget = budget
        self._aborted = aborted
        self._state = threading.Condition()
        self._results: dict[int, Result | BaseException] = {}
        self._largest = 0
        self._next, self._head = 0, 0
        self._over = False
        count = min(connections, len(pieces))
        self._threads = [threading.Thread(target=self._work, name=f"segment-{i}", daemon=True) for i in range(count)]

    def __enter__(self) -> Window:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End the threads. Abort the connections first when bodies are in flight."""
        with self._state:
            self._over = True
            self._state.notify_all()
        for thread in self._threads:
            thread.join()

    def results(self) -> Iterator[tuple[Segment, bytearray | Missing]]:
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
            if not isinstance(result, bytearray | Missing):
                raise result
            yield piece, result

    def _work(self) -> None:
        while (place := self._claim()) is not None:
            try:
                result: Result | BaseException = self._fetch(self._pieces[place])
            except BaseException as error:  # noqa: BLE001 - handed to the consumer, which raises it in its turn
                result = error
            with self._state:
                self._results[place] = result
                self._largest = max(self._largest, len(result) if isinstance(result, bytearray) else 0)
                self._over = self._over or not isinstance(result, bytearray | Missing)
                self._state.notify_all()

    def _claim(self) -> int | None:
        with self._state:
            while not self._over and self._next < len(self._pieces):
                begun = self._next - self._head
                if begun == 0 or (begun < self._ahead and (begun + 1) * self._largest <= self._budget):
                    self._next += 1
                    return self._next - 1
                self._state.wait()
        return None

"""Asks the database beside the requests' own threads: what hangs there hangs no request.

A thread of it starts with the first question, in the process that is asked and so never over a fork; it ends when
nobody has asked for a while, and with the process. Its connection is its own, outside the web's pool: a pool that is
used up must still be measured.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from pathlib import Path
from typing import Any, Generic, TypeVar

from django.db import Error, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from vodtender import stopping

IDLE_SECONDS = 60.0
MOST_WAITING = 50
BUSY_SECONDS = 0.6  # how long SQLite's lock is waited for
# A server that vanishes without a word is noticed within some 10 s. One that is frozen keeps its connections: we wait.
PATIENCE: dict[str, Any] = {
    "connect_timeout": 2,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}

T = TypeVar("T")


class Away(Exception):
    """The database does not answer. The text is for people."""

    def __init__(self, text: str = "The database does not answer.") -> None:
        super().__init__(text)


class Aside:
    """One thread that does jobs one after the other."""

    every: float | None = None  # seconds between two rounds of `routine`

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._waiting: dict[Callable[[], Any], Future[Any]] = {}
        self._thread: threading.Thread | None = None
        self._asked = 0.0

    def ask(self, job: Callable[[], T]) -> Future[T]:
        """The job's answer, some time. A job that waits already is not done twice. Raises Away when too many wait."""
        with self._changed:
            self._asked = time.monotonic()
            future = self._waiting.get(job)
            if future is None:
                if len(self._waiting) >= MOST_WAITING:
                    raise Away
                future = self._waiting[job] = Future()
            if self._thread is None or not self._thread.is_alive():  # not alive: after a fork, in the child
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def routine(self) -> None:
        """Done every `every` seconds while somebody asks now and then."""

    def failed(self) -> None:
        """A job failed, also on a new connection."""

    def _run(self) -> None:
        mine = _own_connection()
        try:
            while True:
                with self._changed:
                    if not self._waiting:
                        self._changed.wait(self.every or IDLE_SECONDS)
                    if not self._waiting and self._may_end():
                        self._thread = None
                        return
                    job, future = next(iter(self._waiting.items()), (self.routine, Future()))
                    self._waiting.pop(job, None)
                self._do(job, future, mine)
        finally:
            mine.close()

    def _do(self, job: Callable[[], Any], future: Future[Any], mine: BaseDatabaseWrapper) -> None:
        try:
            answer = _once_more_if_dropped(job, mine)
        except Exception as error:  # noqa: BLE001 - handed over to the one who asked
            mine.close()
            self.failed()
            future.set_exception(error)
        else:
            future.set_result(answer)
        if mine.vendor == "sqlite":
            mine.close()  # an open file would outlive its removal, unseen

    def _may_end(self) -> bool:
        return stopping.announced() or self.every is None or time.monotonic() - self._asked > IDLE_SECONDS


class Probe(Aside, Generic[T]):
    """Looks every second while somebody asks now and then. What it saw last has an age.

    `blind` is the answer when `look` raises django.db.Error, or has given none that is young enough.
    """

    every = 1.0
    WAIT_SECONDS = 0.75  # for a look of now
    STALE_SECONDS = 3.0
    FRESH_SECONDS = 0.25

    def __init__(self, name: str, look: Callable[[], T], blind: T) -> None:
        super().__init__(name)
        self._look = look
        self._blind = blind
        self._last: tuple[float, T] | None = None

    def latest(self) -> tuple[T, bool]:
        """What is to be seen now, and True; else, within a second, what was seen last, and False."""
        last = self._last
        if last is not None and time.monotonic() - last[0] < self.FRESH_SECONDS:
            return last[1], True
        try:
            self.ask(self.routine).result(self.WAIT_SECONDS)
        except Error:
            return self._blind, True
        except (NotYet, Away):
            return self._seen(self.STALE_SECONDS), False
        return self._seen(self.STALE_SECONDS), True

    def routine(self) -> None:
        seen = self._look()
        self._last = time.monotonic(), seen

    def failed(self) -> None:
        self._last = time.monotonic(), self._blind

    def _seen(self, stale: float) -> T:
        last = self._last
        return last[1] if last is not None and time.monotonic() - last[0] < stale else self._blind


def _once_more_if_dropped(job: Callable[[], Any], mine: BaseDatabaseWrapper) -> Any:
    """A connection that was left open since the last job may have been cut by a restart of the server."""
    reused = mine.connection is not None
    if mine.vendor == "sqlite" and not Path(mine.settings_dict["NAME"]).is_file():
        raise OperationalError("The database's file is gone.")  # SQLite would make a new one
    try:
        return job()
    except Error:
        if not reused:
            raise
        mine.close()
        return job()


def _own_connection() -> BaseDatabaseWrapper:
    """This thread's connection from now on."""
    mine = connections["default"].copy()
    options = {name: value for name, value in mine.settings_dict["OPTIONS"].items() if name != "pool"}
    mine.settings_dict["OPTIONS"] = options | ({"timeout": BUSY_SECONDS} if mine.vendor == "sqlite" else PATIENCE)
    connections["default"] = mine
    return mine

"""Stands in for threading's locks and measures who waits (Go's block profile) and who lets wait (mutex).

Only locks that are made after `install` are measured, and waits on a Condition, an Event or a Queue. A lock that is
free costs one try more; only a wait looks at the stack.
"""

from __future__ import annotations

import _thread
import threading
from time import perf_counter_ns
from types import TracebackType
from typing import Any

from vodtender.telemetry.profiling.profile import Profile, stack_of_caller
from vodtender.telemetry.profiling.table import Table

_waited = Table()  # by the stack that waited
_kept_waiting = Table()  # by the stack that released what others waited for
_real_rlock = threading.RLock
_condition_wait = threading.Condition.wait
_TYPES = (("contentions", "count"), ("delay", "nanoseconds"))


def install() -> None:
    threading.Lock = MeasuredLock  # type: ignore[assignment]
    threading.RLock = MeasuredRLock  # type: ignore[assignment]
    threading.Condition.wait = _measured_wait  # type: ignore[method-assign]


def block() -> Profile:
    return _profile(_waited)


def mutex() -> Profile:
    return _profile(_kept_waiting)


def _profile(table: Table) -> Profile:
    profile = Profile(_TYPES, ("contentions", "count"), default="delay")
    for stack, values in table.rows():
        profile.add(stack, values)
    return profile


class MeasuredLock:
    """A lock as threading makes it. What is not measured is asked of the real one."""

    __slots__ = ("__weakref__", "_lock", "_waiting")

    def __init__(self) -> None:
        self._lock: Any = self._made()
        self._waiting: dict[int, list[int]] = {}  # by thread: since when (ns), in a list of one that others may change

    def _made(self) -> Any:
        return _thread.allocate_lock()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if not blocking or timeout == 0:
            return bool(self._lock.acquire(blocking, timeout))
        if self._lock.acquire(False):
            return True
        me, began = threading.get_ident(), perf_counter_ns()
        self._waiting[me] = [began]
        try:
            return bool(self._lock.acquire(True, timeout))
        finally:
            self._waiting.pop(me, None)
            _waited.add(stack_of_caller(), perf_counter_ns() - began)

    def release(self) -> None:
        waiting = list(self._waiting.values()) if self._waiting else None
        self._lock.release()
        if waiting:
            self._charge(waiting)

    def _charge(self, waiting: list[list[int]]) -> None:
        """The waits until now are this holder's; from here on they are the next one's."""
        now = perf_counter_ns()
        _kept_waiting.add(stack_of_caller(), sum(now - since[0] for since in waiting), len(waiting))
        for since in waiting:
            since[0] = now

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._lock, name)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self._lock!r}>"

    def _at_fork_reinit(self) -> None:
        self._waiting = {}
        self._lock._at_fork_reinit()


class MeasuredRLock(MeasuredLock):
    """The same for a lock that its owner may take again."""

    __slots__ = ()

    def _made(self) -> Any:
        return _real_rlock()


def _measured_wait(self: threading.Condition, timeout: float | None = None) -> bool:
    began = perf_counter_ns()
    try:
        return _condition_wait(self, timeout)
    finally:
        _waited.add(stack_of_caller(), perf_counter_ns() - began)

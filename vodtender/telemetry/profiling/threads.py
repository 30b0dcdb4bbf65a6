"""Where threads and asyncio tasks stand (Go's goroutine profile), and where threads were started (threadcreate)."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from types import CoroutineType, FrameType, GeneratorType
from typing import Any

from vodtender.telemetry.profiling.profile import DEEPEST, Labels, Profile, Stack, frame_of, stack_of, stack_of_caller
from vodtender.telemetry.profiling.table import Table

TRIES = 1000  # as asyncio itself does
_started = Table()
_start = threading.Thread.start


def install() -> None:
    threading.Thread.start = _noted_start  # type: ignore[method-assign]


def _noted_start(self: threading.Thread) -> None:
    _started.add(stack_of_caller(), 0)
    _start(self)


def created() -> Profile:
    """All threads that were ever started, by where."""
    profile = Profile((("threadcreate", "count"),), ("threadcreate", "count"))
    for stack, (count, _) in _started.rows():
        profile.add(stack, (count,))
    return profile


def running() -> Profile:
    """All threads but this one, and all asyncio tasks that are not over."""
    profile = Profile((("goroutine", "count"),), ("goroutine", "count"))
    for stack, labels in standing():
        profile.add(stack, (1,), labels)
    return profile


def standing() -> Iterator[tuple[Stack, Labels]]:
    frames = sys._current_frames()
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    for ident, frame in frames.items():
        if ident != threading.get_ident():
            yield stack_of(frame), (("thread", names.get(ident, "?")),)
    for task in _tasks():
        if not task.done():
            yield _task_stack(task), (("task", task.get_name()),)


def _tasks() -> list[asyncio.Task[Any]]:
    """The tasks of all event loops.

    asyncio.all_tasks() wants to be told the loop, so its own sets are read (one in Python 3.11, two in 3.12).
    gc.get_objects() would find them too, but breaks what other threads build: a tuple that it has seen half made
    cannot be finished.
    """
    found: list[asyncio.Task[Any]] = []
    for name in ("_all_tasks", "_scheduled_tasks", "_eager_tasks"):
        tasks = getattr(asyncio.tasks, name, ())
        for _ in range(TRIES):
            try:
                found += list(tasks)
                break
            except RuntimeError:  # it grew meanwhile
                continue
    return found


def _task_stack(task: asyncio.Task[Any]) -> Stack:
    """From the innermost coroutine that the task waits in out to its first one."""
    found: list[FrameType] = []
    waiting: Any = task.get_coro()
    while waiting is not None and len(found) < DEEPEST:
        if isinstance(waiting, CoroutineType):
            frame, waiting = waiting.cr_frame, waiting.cr_await
        elif isinstance(waiting, GeneratorType):
            frame, waiting = waiting.gi_frame, waiting.gi_yieldfrom
        else:
            break
        if frame is not None:
            found.append(frame)
    return tuple(frame_of(frame) for frame in reversed(found))

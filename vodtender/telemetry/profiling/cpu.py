"""The CPU profile: where threads are, each weighted with the processor time that the kernel says it used."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from vodtender.telemetry.profiling.profile import Profile, Stack, stack_of

PERIOD_NS = 10_000_000
_TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
_TASKS = Path("/proc/self/task")


def measure(seconds: float) -> Profile:
    """Watches all threads but this one for so long."""
    profile = Profile((("samples", "count"), ("cpu", "nanoseconds")), ("cpu", "nanoseconds"), PERIOD_NS)
    began = time.monotonic()
    before = _used()
    while time.monotonic() - began < seconds:
        time.sleep(PERIOD_NS / 1e9)
        now = _used()
        worked = {thread: used - before.get(thread, used) for thread, used in now.items()}
        _attribute(profile, {thread: ns for thread, ns in worked.items() if ns > 0})
        before = now
    profile.duration_ns = int((time.monotonic() - began) * 1e9)
    return profile


def _attribute(profile: Profile, worked: dict[int, int]) -> None:
    """`worked`: nanoseconds by native thread id since the last look."""
    worked.pop(threading.get_native_id(), None)
    if not worked:
        return
    frames = sys._current_frames()  # the interpreter's only way to see the stacks of other threads
    for thread in threading.enumerate():
        native, ident = native_id(thread), thread.ident
        if native in worked and ident in frames:
            profile.add(stack_of(frames[ident]), (1, worked.pop(native)), (("thread", thread.name),))
    for native, ns in worked.items():
        profile.add(_native_stack(native), (1, ns))


def native_id(thread: threading.Thread) -> int:
    """After a fork Python 3.11 still has the parent's id for the only thread left."""
    return os.getpid() if thread is threading.main_thread() else thread.native_id or 0


def _native_stack(native: int) -> Stack:
    """A thread that no Python code started, as libraries in C make them: only its name is known."""
    try:
        name = (_TASKS / str(native) / "comm").read_text().strip()
    except OSError:
        name = "?"
    return (("", f"[native thread {name}]", "", 0, 0),)


def _used() -> dict[int, int]:
    """Nanoseconds of processor time by native thread id."""
    found: dict[int, int] = {}
    for task in os.listdir(_TASKS):
        try:
            found[int(task)] = _used_by(task)
        except (OSError, ValueError, IndexError):  # it has ended
            continue
    return found


def _used_by(task: str) -> int:
    try:
        with open(f"/proc/self/task/{task}/schedstat", "rb") as file:
            return int(file.read().split()[0])
    except FileNotFoundError:  # a kernel without it: hundredths of seconds
        with open(f"/proc/self/task/{task}/stat", "rb") as file:
            words = file.read().rpartition(b")")[2].split()
        return (int(words[11]) + int(words[12])) * _TICK_NS

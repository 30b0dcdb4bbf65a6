"""What is under /debug/pprof/, as in Go's net/http/pprof: names, parameters, answers."""

from __future__ import annotations

import math
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vodtender.telemetry.profiling import cpu, heap, locks, text, threads
from vodtender.telemetry.profiling.encoder import encode
from vodtender.telemetry.profiling.profile import Profile

MOST_SECONDS = 300.0
CPU_SECONDS = 30.0
DESCRIPTIONS = {
    "allocs": "What was seen to be allocated, also what is free again.",
    "block": "Where threads waited for locks, conditions, events and queues.",
    "cmdline": "The command line of this process.",
    "goroutine": "Where all threads and asyncio tasks stand. ?debug=2 shows each one.",
    "heap": "What lives in memory, by where it was allocated. ?gc=1 collects garbage first.",
    "mutex": "Which holders of locks let others wait.",
    "profile": "The CPU for ?seconds= (30). Look at it with `go tool pprof`.",
    "threadcreate": "Where threads were started.",
}
_one_cpu_profile = threading.Lock()


class Refused(Exception):
    """What is asked for cannot be done. `status`: of the answer."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass(frozen=True)
class Answer:
    """`file` is the name to save it under; an answer without one is text."""

    content: bytes
    file: str = ""


def answer(name: str, query: Mapping[str, str]) -> Answer:
    """The profile `name`. Raises Refused."""
    if name == "cmdline":
        return Answer("\0".join([sys.executable, *sys.argv]).encode(errors="replace"))
    if name == "profile":
        return Answer(encode(_cpu(_seconds(query, CPU_SECONDS))), name)
    taken = _takers(query).get(name)
    if taken is None:
        raise Refused(404, f"There is no profile {name!r}. /debug/pprof/ lists them.")
    if name in {"heap", "allocs"} and not tracemalloc.is_tracing():
        raise Refused(404, "Memory is not watched: PPROF_HEAP_FRAMES is 0.")
    debug = query.get("debug", "0")
    if name == "goroutine" and debug == "2":
        return Answer(text.stacks(threads.standing()).encode(errors="replace"))
    profile = _over(taken, _seconds(query, 0.0))
    if debug not in {"", "0"}:
        return Answer(text.listing(name, profile).encode(errors="replace"))
    return Answer(encode(profile), name)


def counts() -> dict[str, int]:
    """How much there is of what is cheap to count."""
    takers = {"block": locks.block, "goroutine": threads.running, "mutex": locks.mutex, "threadcreate": threads.created}
    return {name: take().total() for name, take in takers.items()}


def _takers(query: Mapping[str, str]) -> dict[str, Callable[[], Profile]]:
    collect = query.get("gc", "0") not in {"", "0"}
    return {
        "allocs": lambda: heap.take(collect=collect, default="alloc_space"),
        "block": locks.block,
        "goroutine": threads.running,
        "heap": lambda: heap.take(collect=collect),
        "mutex": locks.mutex,
        "threadcreate": threads.created,
    }


def _over(take: Callable[[], Profile], seconds: float) -> Profile:
    """The profile, or with `seconds` what came in that time."""
    if not seconds:
        return take()
    earlier = take()
    time.sleep(seconds)
    return take().minus(earlier)


def _cpu(seconds: float) -> Profile:
    if not _one_cpu_profile.acquire(blocking=False):
        raise Refused(503, "A CPU profile of this process is being taken: ask again when it is over.")
    try:
        return cpu.measure(seconds)
    finally:
        _one_cpu_profile.release()


def _seconds(query: Mapping[str, str], default: float) -> float:
    value = query.get("seconds", "")
    try:
        seconds = float(value) if value else default
    except ValueError:
        seconds = math.nan
    if not (0 < seconds <= MOST_SECONDS or seconds == default):
        raise Refused(400, f"seconds should be a number up to {MOST_SECONDS:.0f}.")
    return seconds


def begin_again() -> None:
    """In a process just forked: a profile that the parent takes is none of ours."""
    global _one_cpu_profile  # noqa: PLW0603 - one lock of one process
    _one_cpu_profile = threading.Lock()

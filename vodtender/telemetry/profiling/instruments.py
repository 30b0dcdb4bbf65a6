"""What the profiles measure with. It slows the process down a little, and is there only with ENABLE_PPROF=1."""

from __future__ import annotations

import tracemalloc

from vodtender.telemetry.profiling import locks, threads

_installed: list[bool] = []


def install() -> None:
    """As early as can be: locks that were made before are not measured."""
    if _installed:
        return
    _installed.append(True)
    locks.install()
    threads.install()


def trace_memory(frames: int) -> None:
    """`frames`: kept of each allocation; 0: do not.

    After the imports: they would take several times as long, and what they keep is always the same.
    """
    if frames and not tracemalloc.is_tracing():
        tracemalloc.start(frames)

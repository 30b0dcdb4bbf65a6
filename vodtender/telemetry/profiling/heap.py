"""The heap profile, from tracemalloc: what lives now, and what was seen to be allocated.

tracemalloc forgets what was freed. alloc_objects and alloc_space are therefore what lived at the first look, and each
later look's growth added to it: less than what was really allocated.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from functools import lru_cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import CodeType

from vodtender.telemetry.profiling.profile import FOLDER, Frame, Profile, Stack

FRAMES = 8  # kept of each allocation: more cost memory and time
_seen: dict[tracemalloc.Traceback, tuple[int, int]] = {}
_allocated: dict[Stack, tuple[int, int]] = {}
_TYPES = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))


def take(*, collect: bool = False, default: str = "inuse_space") -> Profile:
    """`collect`: frees first what only cycles of references keep."""
    if collect:
        gc.collect()
    snapshot = tracemalloc.take_snapshot() if tracemalloc.is_tracing() else None
    profile = Profile(_TYPES, ("space", "bytes"), default=default)
    modules = _modules()
    now: dict[tracemalloc.Traceback, tuple[int, int]] = {}
    for statistic in snapshot.statistics("traceback") if snapshot else ():
        if any(frame.filename.startswith(FOLDER) for frame in statistic.traceback):
            continue
        now[statistic.traceback] = (statistic.count, statistic.size)
        stack = tuple(_frame(frame, modules) for frame in reversed(statistic.traceback))
        profile.add(stack, (0, 0, statistic.count, statistic.size))
        count, size = _seen.get(statistic.traceback, (0, 0))
        had = _allocated.get(stack, (0, 0))
        _allocated[stack] = (had[0] + max(0, statistic.count - count), had[1] + max(0, statistic.size - size))
    _seen.clear()
    _seen.update(now)
    for stack, values in _allocated.items():
        profile.add(stack, (*values, 0, 0))
    return profile


def _modules() -> dict[str, str]:
    """Name by file of the modules that are loaded."""
    specs = [(name, getattr(module, "__spec__", None)) for name, module in list(sys.modules.items())]
    return {spec.origin: name for name, spec in specs if spec is not None and spec.has_location and spec.origin}


def _frame(frame: tracemalloc.Frame, modules: dict[str, str]) -> Frame:
    module = modules.get(frame.filename, "")
    function, first = _functions(frame.filename, module).get(frame.lineno, ("<module>", 1))
    return (module or Path(frame.filename).stem, function, frame.filename, first, frame.lineno)


@lru_cache(maxsize=2048)
def _functions(filename: str, module: str) -> dict[int, tuple[str, int]]:
    """Qualified name and first line of the innermost function by line: tracemalloc knows only file and line.

    From the byte code, which is in a cache beside the file; compiled anew it takes many times as long.
    """
    found: dict[int, tuple[str, int]] = {}
    try:
        code = SourceFileLoader(module or "__main__", filename).get_code(module or "__main__")
    except (OSError, ImportError, SyntaxError, ValueError, EOFError):
        code = None
    waiting = [code] if code is not None else []
    while waiting:  # inner functions come after the ones around them
        code = waiting.pop(0)
        waiting += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        if code.co_name != "<module>":
            found.update((line, (code.co_qualname, code.co_firstlineno)) for _, _, line in code.co_lines() if line)
    return found

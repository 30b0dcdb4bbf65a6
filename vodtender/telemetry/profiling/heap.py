"""The heap profile, from tracemalloc: what lives now, and what was seen to be allocated.

tracemalloc forgets what was freed. alloc_objects and alloc_space are therefore what lived at the first look, and each
later look's growth added to it: less than what was really allocated.
"""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Iterable
from contextlib import suppress
from functools import lru_cache
from importlib.machinery import FrozenImporter, SourceFileLoader
from types import CodeType

from vodtender.telemetry.profiling.profile import FOLDER, NOTHING, Frame, Profile, Stack

MOST_STACKS = 1000  # shown one by one, the largest first; the others are one sum
_TYPES = (("alloc_objects", "count"), ("alloc_space", "bytes"), ("inuse_objects", "count"), ("inuse_space", "bytes"))
_FROZEN = {
    "importlib._bootstrap": "_frozen_importlib",
    "importlib._bootstrap_external": "_frozen_importlib_external",
}
_Raw = tuple[tuple[str, int], ...]  # file and line, the innermost first
_Amount = tuple[int, int]  # objects, bytes
_seen: dict[_Raw, _Amount] = {}
_allocated: dict[_Raw, _Amount] = {}


def take(*, collect: bool = False, default: str = "inuse_space") -> Profile:
    """`collect`: frees first what only cycles of references keep. Memory must be traced."""
    if collect:
        gc.collect()
    now = _living()
    for raw, (count, size) in now.items():
        (had_count, had_size), (count_then, size_then) = _allocated.get(raw, (0, 0)), _seen.get(raw, (0, 0))
        _allocated[raw] = (had_count + max(0, count - count_then), had_size + max(0, size - size_then))
    _seen.clear()
    _seen.update(now)
    profile = Profile(_TYPES, ("space", "bytes"), default=default)
    modules = _modules()
    largest = sorted(_allocated, key=lambda raw: max(_allocated[raw][1], now.get(raw, (0, 0))[1]), reverse=True)
    for place, raw in enumerate(largest):
        stack = _named(raw, modules) if place < MOST_STACKS else NOTHING
        profile.add(stack, (*_allocated[raw], *now.get(raw, (0, 0))))
    return profile


def _living() -> dict[_Raw, _Amount]:
    """Objects and bytes by where they were allocated, without our own."""
    found: dict[_Raw, list[int]] = {}
    # The snapshot's own numbers: its objects for each of them would take seconds with a hundred thousand.
    for _, size, raw, _ in tracemalloc.take_snapshot().traces._traces:  # type: ignore[attr-defined]
        amount = found.setdefault(raw, [0, 0])
        amount[0] += 1
        amount[1] += size
    return {raw: (count, size) for raw, (count, size) in found.items() if not _ours(raw)}


def _ours(raw: _Raw) -> bool:
    return any(file.startswith(FOLDER) for file, _ in raw)


def _modules() -> dict[str, str]:
    """Name by file of the modules that are loaded."""
    specs = [(name, getattr(module, "__spec__", None)) for name, module in list(sys.modules.items())]
    return {spec.origin: name for name, spec in specs if spec is not None and spec.has_location and spec.origin}


def _named(raw: Iterable[tuple[str, int]], modules: dict[str, str]) -> Stack:
    return tuple(_frame(file, line, modules.get(file, "")) for file, line in raw)


@lru_cache(maxsize=20_000)
def _frame(file: str, line: int, module: str) -> Frame:
    """The innermost function of the line: tracemalloc knows only file and line."""
    module = module or file.rpartition("/")[2].removeprefix("<frozen ").removesuffix(".py").rstrip(">")
    for code in _functions(file, module):
        if code.co_firstlineno <= line <= _last_line(code):
            return (module, code.co_qualname, file, code.co_firstlineno, line)
    return (module, "<module>", file, 1, line)


@lru_cache(maxsize=20_000)
def _last_line(code: CodeType) -> int:
    return max(line or 0 for *_, line in code.co_lines())


@lru_cache(maxsize=1000)
def _functions(file: str, module: str) -> list[CodeType]:
    """All functions of a file, the last and innermost first.

    From the byte code, which is in a cache beside the file; compiled anew it takes many times as long.
    """
    code = None
    with suppress(OSError, ImportError, SyntaxError, ValueError, EOFError):
        if file.startswith("<frozen "):
            code = FrozenImporter.get_code(_FROZEN.get(module, module))
        else:
            code = SourceFileLoader(module, file).get_code(module)
    codes: list[CodeType] = [code] if code is not None else []
    for outer in codes:
        codes += [inner for inner in outer.co_consts if isinstance(inner, CodeType)]
    return sorted(codes[1:], key=lambda each: each.co_firstlineno, reverse=True)

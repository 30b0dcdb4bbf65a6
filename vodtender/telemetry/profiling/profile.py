"""A profile in memory: numbers by stack, in the terms of pprof's profile.proto."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FrameType

Frame = tuple[str, str, str, int, int]  # module, qualified name, file, first line of the function, line
Stack = tuple[Frame, ...]  # the innermost frame first
Labels = tuple[tuple[str, str], ...]
ValueType = tuple[str, str]  # what is counted, and its unit

DEEPEST = 256  # frames
FOLDER = __file__.rpartition("/")[0] + "/"
NOTHING: Stack = (("", "[other]", "", 0, 0),)


@dataclass
class Profile:
    """`samples`: one number for each of `types`, by stack and labels. Of its kinds, `default` is shown first."""

    types: tuple[ValueType, ...]
    period_type: ValueType
    period: int = 1
    default: str = ""
    started_ns: int = field(default_factory=time.time_ns)
    duration_ns: int = 0
    samples: dict[tuple[Stack, Labels], list[int]] = field(default_factory=dict)

    def add(self, stack: Stack, values: Iterable[int], labels: Labels = ()) -> None:
        numbers = self.samples.setdefault((stack, labels), [0] * len(self.types))
        for place, value in enumerate(values):
            numbers[place] += value

    def minus(self, earlier: Profile) -> Profile:
        """What came since `earlier`; what is fewer now has negative numbers, as in Go."""
        difference = Profile(self.types, self.period_type, self.period, self.default, earlier.started_ns)
        difference.duration_ns = self.started_ns - earlier.started_ns
        for (stack, labels), values in self.samples.items():
            difference.add(stack, values, labels)
        for (stack, labels), values in earlier.samples.items():
            difference.add(stack, (-value for value in values), labels)
        difference.samples = {key: values for key, values in difference.samples.items() if any(values)}
        return difference

    def total(self) -> int:
        return sum(values[0] for values in self.samples.values())


def name_of(frame: Frame) -> str:
    return ".".join(part for part in frame[:2] if part)


def stack_of(frame: FrameType | None) -> Stack:
    """The stack from `frame` outwards."""
    found: list[Frame] = []
    while frame is not None and len(found) < DEEPEST:
        found.append(frame_of(frame))
        frame = frame.f_back
    return tuple(found)


def stack_of_caller() -> Stack:
    """The stack of this thread, without the frames of this package on top."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(FOLDER):
        frame = frame.f_back
    return stack_of(frame)


def frame_of(frame: FrameType) -> Frame:
    code = frame.f_code
    module = frame.f_globals.get("__name__", "")
    return (module, code.co_qualname, code.co_filename, code.co_firstlineno, frame.f_lineno or code.co_firstlineno)

"""Profiles for people: ?debug=1, in the manner of Go's, and the stacks of ?debug=2."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from vodtender.telemetry.logs import one_line
from vodtender.telemetry.profiling.profile import Labels, Profile, Stack, name_of


def listing(name: str, profile: Profile) -> str:
    """`goroutine profile: total 9`, then each stack under its numbers, the largest first."""
    heads = " ".join(f"{kind}/{unit}" for kind, unit in profile.types)
    place = next((place for place, (kind, _) in enumerate(profile.types) if kind == profile.default), 0)
    rows = sorted(profile.samples.items(), key=lambda row: -row[1][place])
    lines = [f"{name} profile: total {profile.total()}", f"# {heads}", ""]
    for (stack, labels), values in rows:
        lines += [f"{' '.join(str(value) for value in values)} @{_named(labels)}"]
        lines += [f"#\t{one_line(name_of(frame))}\t{one_line(frame[2])}:{frame[4]}" for frame in stack] + [""]
    return "\n".join(lines) + "\n"


def stacks(standing: Iterable[tuple[Stack, Labels]]) -> str:
    """Each thread and task with its stack, as a dying Go program writes them."""
    return "\n".join("\n".join(_stack(*each)) + "\n" for each in standing)


def _stack(stack: Stack, labels: Labels) -> Iterator[str]:
    yield f"goroutine{_named(labels)}:"
    for frame in stack:
        yield f"{one_line(name_of(frame))}(...)"
        yield f"\t{one_line(frame[2])}:{frame[4]}"


def _named(labels: Labels) -> str:
    return "".join(f" [{key} {one_line(value)}]" for key, value in labels)

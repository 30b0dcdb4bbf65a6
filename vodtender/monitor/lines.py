"""What a panel is made of: lines with their numbers in words, the unit that fits them, a gauge."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from vods.templatetags.humane import span
from vodtender.monitor.history import History, Values
from vodtender.monitor.sampling import key

NOTHING = "–"
MOST_LINES = 8  # in one plot; the rest are added up as one line
PER = (("per second", 1), ("per minute", 60), ("per hour", 3600))


@dataclass(frozen=True)
class Line:
    """`tone` names colour and dash in the style sheet. `cells` are the table's columns after the name."""

    name: str
    tone: str
    values: Values
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Gauge:
    """`level` is good, warn, bad or unknown; `share` the filled part of the dial in percent."""

    text: str
    words: str
    level: str
    share: int


@dataclass(frozen=True)
class Panel:
    """`kind` says how numbers are written: count, rate, seconds or circuit. `empty`: what to say instead of a plot."""

    key: str
    title: str
    kind: str
    unit: str
    columns: tuple[str, ...]
    lines: list[Line]
    empty: str = ""
    gauge: Gauge | None = None


@dataclass(frozen=True)
class Counted:
    """A counter, or the sum of several, that becomes one line: how much it has grown by each moment."""

    name: str
    tone: str
    grown: list[float]


def rate_panel(history: History, title: tuple[str, str], counted: Sequence[Counted], empty: str) -> Panel:
    """Rates in the largest unit of time that the busiest line needs, and how much was counted in all."""
    rates = [history.shown(history.rates(one.grown)) for one in counted]
    unit, times = unit_for(max((value for line in rates for value in line if value), default=0.0))
    lines = []
    for one, per_second in zip(counted, rates, strict=True):
        values = [None if value is None else value * times for value in per_second]
        total = history.increase(one.grown)
        lines.append(Line(one.name, one.tone, values, (number(last(values)), number(most(values)), f"{total:,.0f}")))
    nothing = not any(value for line in lines for value in line.values)
    return Panel(*title, "rate", unit, ("Now", "Most", "Total"), lines, empty if nothing else "")


def unit_for(per_second: float) -> tuple[str, int]:
    """`per second` when there is at least one a second, else per minute or hour, and the factor."""
    return next(((words, times) for words, times in PER if per_second * times >= 1), PER[-1])


def of_labels(history: History, name: str, known: Iterable[tuple[str, ...]]) -> list[Counted]:
    """One line for each label set, the busiest first; beyond MOST_LINES they are added up."""
    prefix = len(name)
    keys = history.labels_of(name) | {key(name, labels) for labels in known}
    grown = {" ".join(json.loads(found[prefix : found.rindex("]") + 1])): history.grown(found) for found in keys}
    ordered = sorted(grown, key=lambda words: (-history.increase(grown[words]), words))
    kept = ordered if len(ordered) <= MOST_LINES else ordered[: MOST_LINES - 1]
    lines = [Counted(words, f"tone{place + 1}", grown[words]) for place, words in enumerate(kept)]
    if rest := ordered[len(kept) :]:
        total = [sum(parts) for parts in zip(*(grown[words] for words in rest), strict=True)]
        lines.append(Counted(f"{len(rest)} others", f"tone{MOST_LINES}", total))
    return lines


def last(values: Values) -> float | None:
    return values[-1] if values else None


def most(values: Values) -> float | None:
    return max((value for value in values if value is not None), default=None)


def number(value: float | None) -> str:
    """Three digits at most behind what is large: 0.25, 1.5, 12, 1,234."""
    if value is None:
        return NOTHING
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}".rstrip("0").rstrip(".")


def seconds(value: float | None) -> str:
    return NOTHING if value is None else span(value)

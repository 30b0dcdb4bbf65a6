"""One small model for everything that goes wrong.

A rule stands at a target, a path-like name such as `vod/2600000500/segment/3`, `vod/2600000500/segment/*`, `helix` or
`youtube/chunk` (each site says which targets a request has). It holds `times` times, or for ever when that is None.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .documents import read_json, write_json

_COMPANIONS = {"status": ("retry_after", "reason"), "stall": ("stall_at",), "receive": ("refuse",)}
"""Fields that mean something only with another one, and come with it."""


@dataclass
class Rule:
    """What happens to a request. Several rules of one target come one after the other, field by field."""

    times: int | None = None
    skip: int | None = None
    """Requests that come before the first that it holds for."""
    status: int | None = None
    """Answer with this status in the service's own error shape, without doing anything."""
    retry_after: float | None = None
    """Seconds, sent with `status`."""
    reason: str | None = None
    """The service's own error code, sent with `status` (`quotaExceeded`, `invalid_grant`)."""
    latency: float | None = None
    """Seconds before anything is answered."""
    rate: int | None = None
    """Bytes per second of one connection."""
    reset_after: int | None = None
    """Bytes of the answer after which the connection is reset."""
    truncate: int | None = None
    """Bytes of the answer after which the connection is closed, although Content-Length promised more."""
    short: int | None = None
    """Bytes of the answer that are sent, with a Content-Length that agrees."""
    length_off: int | None = None
    """A Content-Length that is wrong by so many bytes; all of the body is sent, then the connection is closed."""
    stall: float | None = None
    """Seconds of silence within the answer."""
    stall_at: int | None = None
    """Bytes of the answer before the `stall`."""
    expire: bool | None = None
    """End all tokens and links of the VOD with this request; it is refused for it."""
    receive: int | None = None
    """Bytes of an upload's chunk that are taken in before the connection is reset."""
    refuse: int | None = None
    """With `receive`: answer with this status, and no reset."""
    lose_answer: bool | None = None
    """Do what was asked, and if it succeeded (200, 201) cut the connection instead of saying so."""

    @classmethod
    def from_json(cls, row: Any) -> Rule:
        """Raises ValueError naming what is wrong."""
        if not isinstance(row, dict):
            raise ValueError(f"a fault is a JSON object, not {row!r}")
        known = {f.name for f in fields(cls)}
        if unknown := set(row) - known:
            raise ValueError(f"unknown fault field {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")
        for name, value in row.items():
            wanted = {"reason": str, "lose_answer": bool, "expire": bool}.get(name, (int, float))
            if value is not None and (
                not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)
            ):
                raise ValueError(f"fault field {name} cannot be {value!r}")
        return cls(**row)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


def rules_of(value: Any) -> list[Rule]:
    """One rule or a list of them; a bare number stands for a status. Raises ValueError naming what is wrong."""
    rows = value if isinstance(value, list) else [value]
    return [Rule.from_json({"status": row} if isinstance(row, int) else row) for row in rows]


class FaultBook:
    """All rules, kept in faults.json so that `times` counts on over restarts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._rules: dict[str, list[Rule]] = {}
        for target, rows in (read_json(path) or {}).items():
            self._rules[target] = [Rule.from_json(row) for row in rows]

    def add(self, target: str, rule: Rule) -> None:
        self._rules.setdefault(target, []).append(rule)
        self._save()

    def clear(self, prefix: str = "") -> None:
        """Forgets the rules of the target and of all below it; of all targets without one."""
        self._rules = {
            t: r for t, r in self._rules.items() if prefix and t != prefix and not t.startswith(f"{prefix}/")
        }
        self._save()

    def take(self, targets: Iterable[str], *wanted: str) -> Rule:
        """What holds now for the wanted fields: for each the first rule that has it. Counts those rules down."""
        result = Rule()
        used: list[Rule] = []
        rules = [rule for target in targets for rule in self._rules.get(target, ())]
        waiting = [r for r in rules if r.skip and any(getattr(r, name) is not None for name in wanted)]
        for name in wanted:
            ready = (r for r in rules if getattr(r, name) is not None and not r.skip)
            if (rule := next(ready, None)) is None:
                continue
            setattr(result, name, getattr(rule, name))
            for companion in _COMPANIONS.get(name, ()):
                setattr(result, companion, getattr(rule, companion))
            if not any(rule is u for u in used):
                used.append(rule)
        for rule in waiting:
            rule.skip = (rule.skip or 0) - 1 or None
        for rule in used:
            self._count_down(rule)
        if waiting:
            self._save()
        return result

    def _count_down(self, rule: Rule) -> None:
        if rule.times is None:
            return
        rule.times -= 1
        if rule.times <= 0:
            for target, rules in list(self._rules.items()):
                self._rules[target] = [r for r in rules if r is not rule]
                if not self._rules[target]:
                    del self._rules[target]
        self._save()

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        return {target: [r.to_json() for r in rules] for target, rules in self._rules.items()}

    def _save(self) -> None:
        write_json(self._path, self.to_json())

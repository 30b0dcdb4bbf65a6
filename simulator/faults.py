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


@dataclass
class Rule:
    """What happens to a request. Several rules of one target come one after the other, field by field."""

    times: int | None = None
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
    receive: int | None = None
    """Bytes of an upload's chunk that are taken in before the connection is reset."""
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
            wanted = {"reason": str, "lose_answer": bool}.get(name, (int, float))
            if value is not None and (
                not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not bool)
            ):
                raise ValueError(f"fault field {name} cannot be {value!r}")
        return cls(**row)

    def to_json(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if value is not None}


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
        for name in wanted:
            rule = next((r for t in targets for r in self._rules.get(t, ()) if getattr(r, name) is not None), None)
            if rule is None:
                continue
            setattr(result, name, getattr(rule, name))
            if name == "status":
                result.retry_after, result.reason = rule.retry_after, rule.reason
            if not any(rule is u for u in used):
                used.append(rule)
        for rule in used:
            self._count_down(rule)
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

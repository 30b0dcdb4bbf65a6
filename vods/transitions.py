"""The one place where a VOD's state changes. What models.TRANSITIONS does not name cannot happen."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from vods.dbclock import DbNow
from vods.models import TRANSITIONS, State, Vod

# What leaving a working state clears.
REST: dict[str, Any] = {"lease_owner": "", "lease_until": None, "reserved_bytes": 0}


def sources(to: State) -> list[State]:
    """The states from which `to` can be reached."""
    return [state for state, targets in TRANSITIONS.items() if to in targets]


def move(vods: QuerySet[Vod], to: State, **fields: Any) -> int:
    """Moves those of `vods` whose state allows it, with one statement; how many those were."""
    changed = {"state": to, "state_changed_at": DbNow(), "updated_at": DbNow(), **fields}
    return vods.filter(state__in=sources(to)).update(**changed)

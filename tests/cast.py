"""A tiny cast of made-up rows."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from vods.models import Channel, State, Vod

_numbers = itertools.count(2_300_000_000)
EVENING = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)


def pia(**fields: Any) -> Channel:
    """The channel `pia`; the same one at each call."""
    return Channel.objects.update_or_create(login="pia", defaults={"display_name": "Pia", **fields})[0]


def vod(state: State = State.QUEUED, *, channel: Channel | None = None, **fields: Any) -> Vod:
    """A new VOD; each is an hour younger than the one before."""
    number = next(_numbers)
    known = {
        "twitch_id": str(number),
        "channel": channel or pia(),
        "title": f"Evening {number}",
        "started_at": EVENING + timedelta(hours=number - 2_300_000_000),
        "duration": 30.0,
    }
    return Vod.objects.create(state=state, **{**known, **fields})

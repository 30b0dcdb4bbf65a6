"""What goes on, in one line, for a terminal."""

from __future__ import annotations

from datetime import datetime

from django.db import DatabaseError, connection
from django.db.models import Count

from chat.models import Message
from vods.models import WORKING, State, Vod

ORDER = (State.QUEUED, State.DOWNLOADED, State.FAILED, State.NEEDS_ATTENTION, State.SKIPPED, State.IGNORED, State.DONE)


def line() -> str:
    try:
        counts = dict(Vod.objects.values_list("state").annotate(Count("id")))
        working = [
            f"{vod.get_state_display()} {vod.twitch_id}{'' if vod.percent is None else f' {vod.percent} %'}"
            for vod in Vod.objects.filter(state__in=WORKING)
        ]
        newest = Message.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    except DatabaseError as error:
        connection.close()
        return f"The database does not answer: {error}"
    states = [f"{counts[state]} {state.label}" for state in ORDER if counts.get(state)]
    words = [*working, *(states or ["no VODs yet"]), f"{newest} chat messages"]
    return f"{datetime.now().astimezone():%H:%M:%S}  " + " · ".join(words)

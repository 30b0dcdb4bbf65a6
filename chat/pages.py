"""Messages and gaps of a VOD in the form that the chat panel takes: plain values, places in seconds of the video."""

from __future__ import annotations

from typing import Any

from chat import queries
from chat.models import Gap, RecordingVod
from vods.models import Vod


def lines(vod: Vod, start: float, end: float, most: int) -> list[dict[str, Any]]:
    """Messages between `start` and `end` (seconds of the video, `end` excluded), oldest first, at most `most`."""
    found = queries.messages_window(vod, start, end - start, most)
    return [
        {
            "id": line.id,
            "t": round(line.place, 3),
            "kind": line.kind,
            "name": line.display_name or line.login,
            "colour": line.colour,
            "text": line.text,
            "system": line.system_text,
            "deleted": line.deleted,
        }
        for line in found
    ]


def gaps(vod: Vod) -> list[dict[str, Any]]:
    """Where nothing could be recorded: `from` and `to` (null while it lasts), and why. At most 200."""
    offsets = dict(RecordingVod.objects.filter(vod=vod).values_list("recording_id", "offset"))
    found = []
    for gap in Gap.objects.filter(recording_id__in=offsets)[:200]:
        zero = vod.started_at.timestamp() - offsets[gap.recording_id]
        until = round(gap.ended_at.timestamp() - zero, 3) if gap.ended_at else None
        found.append({"from": round(gap.started_at.timestamp() - zero, 3), "to": until, "why": gap.reason})
    return found

"""What the pages about VODs show of chat, read in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Sum

from chat.models import Bucket, Gap, Message, Recording, RecordingVod
from vods.models import Vod

COLUMNS = ("id", "sent_at", "kind", "login", "display_name", "colour", "text", "system_text", "deleted_at")


@dataclass(frozen=True)
class LiveRecording:
    """A recording that runs, and how many messages it holds so far."""

    recording: Recording
    messages: int


def live_recordings() -> list[LiveRecording]:
    """Recordings that run now, newest first, at most 50."""
    rows = list(Recording.objects.filter(ended_at=None).select_related("channel")[:50])
    counted = Bucket.objects.filter(recording__in=rows).values_list("recording").annotate(n=Sum("messages"))
    counts = dict(counted.order_by())
    return [LiveRecording(row, counts.get(row.pk, 0)) for row in rows]


def message_count(vod: Vod) -> int:
    """Messages of all recordings tied to the VOD, from the buckets: quick however many there are."""
    total = Bucket.objects.filter(recording__recordingvod__vod=vod).aggregate(n=Sum("messages"))["n"]
    return int(total or 0)


def gaps(vod: Vod) -> list[dict[str, float | str | None]]:
    """Where nothing could be recorded: `from` and `to` in seconds of the video (`to` null while it lasts), and why."""
    ties = {tie.recording_id: tie.offset for tie in RecordingVod.objects.filter(vod=vod)}
    found = Gap.objects.filter(recording__in=ties)[:200]
    start = vod.started_at
    return [
        {
            "from": (gap.started_at - start).total_seconds() + ties[gap.recording_id],
            "to": (gap.ended_at - start).total_seconds() + ties[gap.recording_id] if gap.ended_at else None,
            "why": gap.reason,
        }
        for gap in found
    ]


def window(vod: Vod, start: float, end: float, most: int) -> list[dict[str, Any]]:
    """Messages between `start` and `end` (seconds of the video, `end` excluded), oldest first, at most `most`.

    A message's place is `sent_at − vod.started_at + offset`, so each recording is asked for its own stretch of time.
    """
    begin = int(vod.started_at.timestamp() * 1000)
    found: list[dict[str, Any]] = []
    for tie in RecordingVod.objects.filter(vod=vod)[:20]:
        shift = begin - round(tie.offset * 1000)
        rows = Message.objects.filter(
            recording=tie.recording_id,
            sent_at__gte=shift + round(start * 1000),
            sent_at__lt=shift + round(end * 1000),
        )
        ordered = rows.order_by("sent_at", "id").values_list(*COLUMNS)[:most]
        found += [_line(row, shift) for row in ordered]
    return sorted(found, key=lambda line: (line["t"], line["id"]))[:most]


def _line(row: tuple[Any, ...], shift: int) -> dict[str, Any]:
    pk, sent_at, kind, login, display_name, colour, text, system_text, deleted_at = row
    return {
        "id": pk,
        "t": round((sent_at - shift) / 1000, 3),
        "kind": kind,
        "name": display_name or login,
        "colour": colour,
        "text": text,
        "system": system_text,
        "deleted": deleted_at is not None,
    }

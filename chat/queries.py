"""Reads what was recorded. Rows come as tuples and small dataclasses: models cost four times as much."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Sum

from chat.models import Bucket, Gap, Message, Recording, RecordingVod
from vods.models import Vod

_COLUMNS = (
    "id",
    "sent_at",
    "kind",
    "login",
    "display_name",
    "colour",
    "badges",
    "emotes",
    "text",
    "system_text",
    "bits",
    "deleted_at",
)
_PLAIN = ("id", *_COLUMNS[2:-1])


@dataclass(frozen=True, slots=True)
class Line:
    """One message of a VOD; `place` is in seconds of the video, below 0 before its start."""

    id: int
    place: float
    kind: str
    login: str
    display_name: str
    colour: str
    badges: str
    emotes: str
    text: str
    system_text: str
    bits: int
    deleted: bool


@dataclass(frozen=True, slots=True)
class GapRow:
    started_at: datetime
    ended_at: datetime | None
    reason: str


@dataclass(frozen=True, slots=True)
class RecordingRow:
    """A recording with what hangs on it; `vods` are Twitch's ids."""

    id: int
    channel: str
    stream_id: str
    started_at: datetime
    ended_at: datetime | None
    vods: list[str]
    messages: int
    gaps: list[GapRow]


def messages_window(vod: Vod, start: float, seconds: float = 30.0, limit: int = 500) -> list[Line]:
    """Messages from `start` for `seconds` of the video, oldest first, at most `limit`.

    A message's place is sent_at − vod.started_at + offset; each tied recording is asked for its own stretch of time.
    """
    began = int(vod.started_at.timestamp() * 1000)
    found: list[Line] = []
    for recording_id, offset in RecordingVod.objects.filter(vod=vod).values_list("recording_id", "offset"):
        zero = began - round(offset * 1000)
        first = zero + round(start * 1000)
        rows = Message.objects.filter(
            recording_id=recording_id, sent_at__gte=first, sent_at__lt=first + round(seconds * 1000)
        ).order_by("sent_at", "id")
        found += [_line(row, zero) for row in rows.values_list(*_COLUMNS)[:limit]]
    return sorted(found, key=lambda line: (line.place, line.id))[:limit]


def _line(row: tuple[Any, ...], zero: int) -> Line:
    sent_at, deleted_at = row[1], row[-1]
    known = dict(zip(_COLUMNS, row, strict=True))
    return Line(place=(sent_at - zero) / 1000, deleted=deleted_at is not None, **{k: known[k] for k in _PLAIN})


def message_count(vod: Vod) -> int:
    """Messages of all recordings tied to the VOD."""
    return message_counts([vod.pk]).get(vod.pk, 0)


def message_counts(vod_ids: Iterable[int]) -> dict[int, int]:
    """Messages by VOD id, from the buckets, with one query; a VOD without any is not in it."""
    buckets = Bucket.objects.filter(recording__recordingvod__vod_id__in=list(vod_ids))
    counts = buckets.values_list("recording__recordingvod__vod_id").annotate(total=Sum("messages")).order_by()
    return {vod_id: int(total) for vod_id, total in counts if total}


def recording_now() -> list[RecordingRow]:
    """The recordings that run, newest first."""
    return recording_rows(running=True)


def recording_rows(*, running: bool = False) -> list[RecordingRow]:
    """Every recording, newest first, with a fixed number of queries."""
    rows = Recording.objects.order_by("-started_at", "-id")
    if running:
        rows = rows.filter(ended_at=None)
    facts = list(rows.values_list("id", "channel__login", "stream_id", "started_at", "ended_at"))
    ids = [fact[0] for fact in facts] if running else None
    vods, counts, gaps = _vods(ids), _counts(ids), _gaps(ids)
    return [
        RecordingRow(id_, channel, stream_id, started_at, ended_at, vods[id_], counts.get(id_, 0), gaps[id_])
        for id_, channel, stream_id, started_at, ended_at in facts
    ]


def _vods(ids: list[int] | None) -> dict[int, list[str]]:
    found: dict[int, list[str]] = defaultdict(list)
    ties = RecordingVod.objects.order_by("vod__started_at", "vod__twitch_id")
    if ids is not None:
        ties = ties.filter(recording_id__in=ids)
    for recording_id, twitch_id in ties.values_list("recording_id", "vod__twitch_id"):
        found[recording_id].append(twitch_id)
    return found


def _counts(ids: list[int] | None) -> dict[int, int]:
    buckets = Bucket.objects.order_by()
    if ids is not None:
        buckets = buckets.filter(recording_id__in=ids)
    return {id_: int(total) for id_, total in buckets.values_list("recording_id").annotate(total=Sum("messages"))}


def _gaps(ids: list[int] | None) -> dict[int, list[GapRow]]:
    found: dict[int, list[GapRow]] = defaultdict(list)
    gaps = Gap.objects.order_by("started_at", "id")
    if ids is not None:
        gaps = gaps.filter(recording_id__in=ids)
    for recording_id, started_at, ended_at, reason in gaps.values_list(
        "recording_id", "started_at", "ended_at", "reason"
    ):
        found[recording_id].append(GapRow(started_at, ended_at, reason))
    return found

"""Ties recordings to the VODs of the same broadcast.

By the stream's id where both know it, else by starts within ten minutes on the same channel. A broadcast that Twitch
cut in several VODs ties to each of them. What was tied stays; a VOD that appears late is tied at the next pass.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from chat.models import Recording, RecordingVod
from vods.models import Vod

START_TOLERANCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Broadcast:
    """A recording or a VOD, in what ties them. `id` is the row's."""

    id: int
    channel_id: int
    stream_id: str
    started_at: datetime


def reconcile() -> int:
    """Ties whatever belongs together and is not tied yet. Returns how many ties are new."""
    tied = set(RecordingVod.objects.values_list("recording_id", "vod_id"))
    new = [pair for pair in pairs(_recordings(), _vods()) if pair not in tied]
    RecordingVod.objects.bulk_create(
        [RecordingVod(recording_id=recording, vod_id=vod) for recording, vod in new], ignore_conflicts=True
    )
    return len(new)


def pairs(recordings: Iterable[Broadcast], vods: Iterable[Broadcast]) -> Iterator[tuple[int, int]]:
    """Recording and VOD ids that belong together."""
    by_stream: dict[tuple[int, str], list[Broadcast]] = defaultdict(list)
    by_channel: dict[int, list[Broadcast]] = defaultdict(list)
    for vod in vods:
        by_stream[vod.channel_id, vod.stream_id].append(vod)
        by_channel[vod.channel_id].append(vod)
    for recording in recordings:
        same = by_stream[recording.channel_id, recording.stream_id] if recording.stream_id else []
        for vod in same or by_channel[recording.channel_id]:
            if same or _started_together(recording, vod):
                yield recording.id, vod.id


def _started_together(recording: Broadcast, vod: Broadcast) -> bool:
    """Two known ids that differ are two broadcasts, however close."""
    if recording.stream_id and vod.stream_id:
        return False
    return abs(recording.started_at - vod.started_at) <= START_TOLERANCE


def _recordings() -> Iterator[Broadcast]:
    for row in Recording.objects.order_by("id").values_list("id", "channel_id", "stream_id", "started_at"):
        yield Broadcast(*row)


def _vods() -> Iterator[Broadcast]:
    rows = Vod.objects.filter(channel__recordings__isnull=False, type="archive").distinct().order_by("id")
    for row in rows.values_list("id", "channel_id", "stream_id", "started_at"):
        yield Broadcast(*row)

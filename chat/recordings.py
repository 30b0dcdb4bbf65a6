"""Opens and closes recordings and their gaps. Each call may come again with the same facts and then changes nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from chat import ingest
from chat.live import LiveStream
from chat.models import Gap, Message, Recording
from vods.models import Channel


@dataclass(frozen=True, slots=True)
class Running:
    """A recording that runs, in what the writer needs of it."""

    id: int
    channel_id: int
    stream_id: str
    started_at: datetime

    @property
    def started_ms(self) -> int:
        return int(self.started_at.timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Hole:
    """A time in which a channel was not heard; `end` is None while it lasts."""

    start: datetime
    end: datetime | None
    reason: str


def running() -> list[Running]:
    """Every recording that has not ended, at most one of a channel, the newest."""
    rows = Recording.objects.filter(ended_at=None, source=Recording.Source.LIVE).order_by("started_at", "id")
    return list({row.channel_id: _running(row) for row in rows}.values())


def open_recording(channel_id: int, stream: LiveStream, at: datetime) -> tuple[Running, datetime | None]:
    """The stream's recording, running, and from when on it has heard nothing yet (None: it ran already).

    Another recording of the channel ends where this stream began; its messages from then on move over. A recording
    that was taken for ended is opened again. Call it in a transaction.
    """
    recording, made = Recording.objects.get_or_create(
        channel_id=channel_id, stream_id=stream.stream_id, defaults={"started_at": stream.started_at}
    )
    missing_since = recording.started_at if made else recording.ended_at
    if recording.ended_at is not None:
        recording.ended_at = None
        recording.save(update_fields=["ended_at"])
    others = Recording.objects.filter(channel_id=channel_id, ended_at=None, source=Recording.Source.LIVE)
    for other in others.exclude(id=recording.id):
        ingest.move(other.id, recording.id, int(stream.started_at.timestamp() * 1000))
        _close(other, max(other.started_at, min(at, stream.started_at)))
    Channel.objects.filter(id=channel_id).update(live_stream_id=stream.stream_id, live_since=stream.started_at)
    return _running(recording), missing_since


def close_recording(channel_id: int, stream_id: str, at: datetime) -> bool:
    """Ends the stream's recording and what gap it has open. False when it had ended before."""
    with transaction.atomic():
        Channel.objects.filter(id=channel_id, live_stream_id=stream_id).update(live_stream_id="", live_since=None)
        recording = Recording.objects.filter(channel_id=channel_id, stream_id=stream_id, ended_at=None).first()
        if recording is None:
            return False
        _close(recording, max(recording.started_at, at))
    return True


def declare_gaps(recording_id: int, since: datetime, holes: Iterable[Hole]) -> None:
    """Declares what of the holes lies after `since`."""
    for hole in holes:
        if hole.end is None or hole.end > since:
            facts = {"ended_at": hole.end, "reason": hole.reason}
            Gap.objects.get_or_create(recording_id=recording_id, started_at=max(since, hole.start), defaults=facts)


def open_gap(recording_id: int, at: datetime, reason: str) -> None:
    """From `at` on nothing is heard."""
    Gap.objects.update_or_create(
        recording_id=recording_id,
        started_at=at,
        defaults={"ended_at": None},
        create_defaults={"ended_at": None, "reason": reason},
    )


def close_gaps(recording_id: int, at: datetime) -> None:
    """The channel is heard again."""
    Gap.objects.filter(recording_id=recording_id, ended_at=None, started_at__lt=at).update(ended_at=at)


def deaf_since(recording_id: int) -> datetime | None:
    """When the gap began that is still open."""
    gaps = Gap.objects.filter(recording_id=recording_id, ended_at=None)
    return gaps.order_by("started_at").values_list("started_at", flat=True).first()


def last_stored(recording: Running) -> datetime:
    """The time of the recording's last message, or else its start."""
    times = Message.objects.filter(recording_id=recording.id).order_by("-sent_at").values_list("sent_at", flat=True)
    last = times.first()
    return recording.started_at if last is None else max(recording.started_at, ingest.moment(last))


def _running(row: Recording) -> Running:
    return Running(row.id, row.channel_id, row.stream_id, row.started_at)


def _close(recording: Recording, at: datetime) -> None:
    recording.ended_at = at
    recording.save(update_fields=["ended_at"])
    Gap.objects.filter(recording=recording, ended_at=None, started_at__lt=at).update(ended_at=at)
    Gap.objects.filter(recording=recording, ended_at=None).delete()

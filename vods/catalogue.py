"""Writes what Helix says of a channel's VODs: new ones with their first state, known ones with what changed.

A VOD of the backlog is one that had ended before its channel was added. Of those the newest ARCHIVE_BACKLOG are queued
and the rest is ignored (one click queues them); VOD_CATALOG_MAX and VOD_CATALOG_MAX_AGE_DAYS say how far back they are
listed at all. Everything later is wanted, always.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from vods.dailylimits import is_old
from vods.helix import HelixStream, HelixVideo
from vods.models import Channel, State, Vod
from vodtender.telemetry import correlation, tracing

TITLE_LENGTH = 500
MOST_IN_ONE_TRACE = 10  # VODs found at once: what comes of more of them would be lost in one picture


@dataclass(frozen=True)
class Stored:
    """Counts of one page. `ended`: VODs whose broadcast was running before. `bounded`: what follows is not wanted."""

    queued: int = 0
    ignored: int = 0
    updated: int = 0
    ended: int = 0
    bounded: bool = False


@dataclass(frozen=True)
class _Known:
    """What the channel's row and its VODs tell about a VOD that is not known yet."""

    channel: Channel
    newest: datetime | None  # start of the newest VOD that was known before; None at the first discovery
    starts: tuple[datetime, ...]  # of all VODs, known or in this page
    backlog_starts: tuple[datetime, ...]  # of those that belong to the backlog
    now: datetime

    def is_backlog(self, video: HelixVideo) -> bool:
        ended = video.created_at + timedelta(seconds=video.duration)
        return ended < self.channel.created_at and (self.newest is None or video.created_at <= self.newest)

    def is_out_of_bounds(self, video: HelixVideo) -> bool:
        most, days = settings.VOD_CATALOG_MAX, settings.VOD_CATALOG_MAX_AGE_DAYS
        newer = sum(start > video.created_at for start in self.starts)
        return (most > 0 and newer >= most) or (days > 0 and video.created_at < self.now - timedelta(days=days))

    def first_state(self, video: HelixVideo, live: bool) -> State:
        if not self.channel.archive:
            return State.IGNORED
        backlog: int | None = settings.ARCHIVE_BACKLOG
        if live or backlog is None or not self.is_backlog(video):
            return State.QUEUED
        newer = sum(start > video.created_at for start in self.backlog_starts)
        return State.QUEUED if newer < backlog else State.IGNORED


def store(channel: Channel, videos: Sequence[HelixVideo], stream: HelixStream | None, **channel_fields: Any) -> Stored:
    """One page of one channel, in one short transaction; `channel_fields` are written to the channel with it.

    Safe beside another process that stores the same page. The state of a known VOD is never touched.
    """
    with transaction.atomic():
        known = {vod.twitch_id: vod for vod in Vod.objects.filter(twitch_id__in=[video.id for video in videos])}
        changes = [_update(known[video.id], video, stream) for video in videos if video.id in known]
        fresh = [video for video in videos if video.id not in known]
        added, bounded = _add(channel, fresh, stream) if fresh else ([], _reached_bounds(channel, videos, stream))
        if channel_fields:
            Channel.objects.filter(pk=channel.pk).update(**channel_fields)
    for name, value in channel_fields.items():
        setattr(channel, name, value)
    return Stored(
        queued=sum(vod.state == State.QUEUED for vod in added),
        ignored=sum(vod.state == State.IGNORED for vod in added),
        updated=sum(bool(change) for change in changes),
        ended=sum(change.get("live") is False for change in changes),
        bounded=bounded,
    )


def is_live(video: HelixVideo, stream: HelixStream | None) -> bool:
    """True while the broadcast of this VOD runs: then it still grows and is not downloaded."""
    return video.is_processing or (stream is not None and bool(video.stream_id) and stream.id == video.stream_id)


def _add(channel: Channel, videos: list[HelixVideo], stream: HelixStream | None) -> tuple[list[Vod], bool]:
    context = _context(channel, videos, stream)
    added, bounded = [], False
    for video in videos:
        live = is_live(video, stream)
        if not live and context.is_backlog(video) and context.is_out_of_bounds(video):
            bounded = True
            continue
        state = context.first_state(video, live)
        vod = Vod(twitch_id=video.id, channel=channel, state=state, state_changed_at=context.now)
        vod.backlog = not live and (context.is_backlog(video) or is_old(video.created_at, context.now))
        for name, value in _facts(video, stream).items():
            setattr(vod, name, value)
        added.append(vod)
    queued = [vod for vod in added if vod.state == State.QUEUED]
    for vod in queued:
        vod.correlation_id = correlation.current()
        vod.traceparent = tracing.traceparent() if len(queued) <= MOST_IN_ONE_TRACE else ""
    Vod.objects.bulk_create(added, ignore_conflicts=True)
    return added, bounded


def _update(vod: Vod, video: HelixVideo, stream: HelixStream | None) -> dict[str, Any]:
    """What was changed. A category that was seen while the VOD was live is kept."""
    facts = _facts(video, stream)
    changed = {name: value for name, value in facts.items() if getattr(vod, name) != value}
    if changed:
        Vod.objects.filter(pk=vod.pk).update(**changed, updated_at=timezone.now())
    return changed


def _facts(video: HelixVideo, stream: HelixStream | None) -> dict[str, Any]:
    live = is_live(video, stream)
    facts: dict[str, Any] = {
        "stream_id": video.stream_id,
        "type": video.type[:10],
        "title": video.title[:TITLE_LENGTH],
        "started_at": video.created_at,
        "duration": video.duration,
        "language": video.language[:20],
        "thumbnail_url": video.thumbnail_url if len(video.thumbnail_url) <= 500 else "",
        "muted_segments": [{"offset": offset, "duration": length} for offset, length in video.muted_segments],
        "live": live,
    }
    if live and stream is not None and stream.category and stream.id == video.stream_id:
        facts["category"] = stream.category[:200]
    return facts


def _context(channel: Channel, videos: Sequence[HelixVideo], stream: HelixStream | None) -> _Known:
    rows = list(Vod.objects.filter(channel=channel).values_list("twitch_id", "started_at", "duration", "live"))
    mine = {twitch_id for twitch_id, *_ in rows}
    newest = max((start for _, start, *_ in rows), default=None) if channel.discovered_at else None
    now = timezone.now()
    first = _Known(channel, newest, (), (), now)
    fresh = [video for video in videos if video.id not in mine]
    backlog = [video.created_at for video in fresh if not is_live(video, stream) and first.is_backlog(video)]
    backlog += [
        start
        for _, start, duration, live in rows
        if not live and start + timedelta(seconds=duration) < channel.created_at
    ]
    starts = (*(start for _, start, *_ in rows), *(video.created_at for video in fresh))
    return _Known(channel, newest, starts, tuple(backlog), now)


def _reached_bounds(channel: Channel, videos: Sequence[HelixVideo], stream: HelixStream | None) -> bool:
    """True when what comes after this page, all of it known already, lies outside of the catalogue's bounds."""
    return bool(videos) and _context(channel, videos, stream).is_out_of_bounds(videos[-1])

"""Finds a channel's VODs at Twitch: the newest page often, the whole catalogue seldom."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.utils import timezone

from vods import catalogue
from vods.channels import ensure_channels, identify
from vods.helix import CursorRefused, Helix, HelixStream, VideoPage
from vods.models import Channel, Vod
from vods.twitch import helix
from vodtender.http import ServiceError
from vodtender.telemetry import correlation, tracing

__all__ = ["Found", "discover", "discover_all", "discover_newest", "ensure_channels", "walk_catalogue"]

log = logging.getLogger(__name__)

WALK_SECONDS = 90.0  # a short job may take 120 s; the cursor is kept, so the next walk goes on
_TROUBLE = "VODs cannot be looked for: "

_said: set[str] = set()  # what this process has logged already and need not say at every pass


@dataclass(frozen=True)
class Found:
    """What a look at one channel brought. `complete`: the look reached its end. `problem`: a sentence, or empty."""

    channel: str
    seen: int = 0
    queued: int = 0
    ignored: int = 0
    updated: int = 0
    ended: int = 0
    complete: bool = True
    problem: str = ""

    def with_page(self, page: VideoPage, stored: catalogue.Stored) -> Found:
        return replace(
            self,
            seen=self.seen + len(page.videos),
            queued=self.queued + stored.queued,
            ignored=self.ignored + stored.ignored,
            updated=self.updated + stored.updated,
            ended=self.ended + stored.ended,
        )


def discover_all(*, full: bool = False) -> list[Found]:
    """One pass over every channel, for the schedule. Never raises ServiceError: what is wrong is logged, once."""
    try:
        return discover(list(Channel.objects.values_list("pk", flat=True)), full=full)
    except ServiceError as error:
        _say_once(_TROUBLE + error.message)
        return []


def discover_newest(channel_id: int) -> Found:
    """The newest page of one channel. Raises ServiceError when Twitch cannot be asked."""
    return _only(discover([channel_id]))


def walk_catalogue(channel_id: int) -> Found:
    """All pages of one channel, from where the last walk stopped. Raises ServiceError when Twitch cannot be asked."""
    return _only(discover([channel_id], full=True))


def discover(channel_ids: Sequence[int], *, full: bool = False) -> list[Found]:
    """Looks at these channels; with `full` at their whole catalogue, for 90 s at most.

    What concerns one channel alone is in its `Found.problem` and does not stop the others.
    Raises ServiceError when Twitch cannot be asked at all.
    """
    channels = list(Channel.objects.filter(pk__in=channel_ids))
    if not channels:
        return []
    with correlation.correlated(correlation.current()), tracing.root("discovery", {"discovery.full": full}) as span:
        found = _discover(channels, full=full)
        span.tell({"discovery.queued": sum(look.queued for look in found)})
    return found


def _discover(channels: Sequence[Channel], *, full: bool) -> list[Found]:
    deadline = time.monotonic() + WALK_SECONDS
    with helix() as service:
        known = {channel.pk for channel in identify(service, channels)}
        present = [channel for channel in channels if channel.pk in known]
        streams = {stream.user_id: stream for stream in service.streams([channel.login for channel in present])}
        found = []
        for channel in channels:
            if channel.pk not in known:
                found.append(Found(channel.login, complete=False, problem=channel.problem))
                continue
            found.append(_look(service, channel, streams.get(channel.twitch_user_id), deadline if full else None))
    _said.difference_update([text for text in _said if text.startswith(_TROUBLE)])
    return found


def _look(service: Helix, channel: Channel, stream: HelixStream | None, deadline: float | None) -> Found:
    """One channel: the newest page, the VODs that were live and are not on it, then the walk if it has a deadline."""
    found = Found(channel.login)
    try:
        page = service.videos(channel.twitch_user_id)
        found = found.with_page(page, _store(channel, page, stream))
        was_live = Vod.objects.filter(channel=channel, live=True).exclude(twitch_id__in=[v.id for v in page.videos])
        if ids := list(was_live.values_list("twitch_id", flat=True)):
            found = _settle(service, channel, stream, ids, found)
        Channel.objects.filter(pk=channel.pk).update(discovered_at=timezone.now())
        if deadline is not None:
            found = _walk(service, channel, stream, page, found, deadline)
    except ServiceError as error:
        log.warning("The VODs of %s could not be listed: %s", channel.login, error.message)
        return replace(found, complete=False, problem=error.message)
    if found.queued or found.ignored or found.ended:
        text = "%s: %d VODs seen, %d queued, %d ignored, %d broadcasts ended."
        log.info(text, channel.login, found.seen, found.queued, found.ignored, found.ended)
    return found


def _walk(
    service: Helix, channel: Channel, stream: HelixStream | None, first: VideoPage, found: Found, deadline: float
) -> Found:
    """Goes on at the kept cursor, else behind `first`, until the last page, the catalogue's bounds or the deadline."""
    cursor = channel.catalogue_cursor or first.cursor
    while cursor:
        if time.monotonic() > deadline:
            return replace(found, complete=False)
        try:
            page = service.videos(channel.twitch_user_id, after=cursor)
        except CursorRefused:
            _keep_cursor(channel, "")
            return replace(found, complete=False)
        stored = _store(channel, page, stream, catalogue_cursor=page.cursor)
        found = found.with_page(page, stored)
        cursor = "" if stored.bounded or not (page.videos or page.unusable) or page.cursor == cursor else page.cursor
    Channel.objects.filter(pk=channel.pk).update(catalogue_cursor="", catalogue_walked_at=timezone.now())
    return found


def _settle(service: Helix, channel: Channel, stream: HelixStream | None, ids: list[str], found: Found) -> Found:
    """VODs that were live and have left the newest page: what became of them. One that is gone is live no more."""
    page = service.videos_by_id(ids)
    stored = _store(channel, page, stream)
    gone = set(ids) - {video.id for video in page.videos}
    ended = Vod.objects.filter(twitch_id__in=gone).update(live=False, updated_at=timezone.now())
    return replace(found, updated=found.updated + stored.updated, ended=found.ended + stored.ended + ended)


def _store(
    channel: Channel, page: VideoPage, stream: HelixStream | None, *, catalogue_cursor: str | None = None
) -> catalogue.Stored:
    for text in page.unusable:
        _say_once(f"Twitch lists a VOD of {channel.login} that cannot be understood: {text}.")
    if catalogue_cursor is None:
        return catalogue.store(channel, page.videos, stream)
    return catalogue.store(
        channel, page.videos, stream, catalogue_cursor=catalogue_cursor if len(catalogue_cursor) <= 500 else ""
    )


def _keep_cursor(channel: Channel, cursor: str) -> None:
    Channel.objects.filter(pk=channel.pk).update(catalogue_cursor=cursor)
    channel.catalogue_cursor = cursor


def _say_once(text: str) -> None:
    if text not in _said:
        _said.add(text)
        log.warning("%s", text)


def _only(found: list[Found]) -> Found:
    if not found:
        raise Channel.DoesNotExist("this channel was deleted")
    return found[0]

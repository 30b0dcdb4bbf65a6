"""Everything that the pages and the JSON listing read. Counts are bounded, paging is by key: size does not matter.

Nothing here writes. Limits: a count stops at COUNT_MOST (pages then show `1000+`), a list at its own length.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from oauth.models import Token
from vods import dailylimits, eligible, holds
from vods.models import WORKING, Attempt, Channel, Chapter, Redo, State, Vod

COUNT_MOST = 1000
PER_PAGE = 40
ORDER = ("-priority", "started_at")


@dataclass(frozen=True)
class Running:
    """A VOD at work with what its running attempt tells of its speed."""

    vod: Vod
    bytes_per_second: float | None
    seconds_left: float | None

    @property
    def verifying(self) -> bool:
        """Its file is verified anew: nothing is downloaded, and no progress is known."""
        return self.vod.state == State.DOWNLOADING and self.vod.redo == Redo.VERIFY


@dataclass(frozen=True)
class Count:
    """A count that stops at COUNT_MOST; prints as `12` or `1000+`."""

    number: int

    def __str__(self) -> str:
        return f"{COUNT_MOST}+" if self.number > COUNT_MOST else str(self.number)

    def __bool__(self) -> bool:
        return self.number > 0


@dataclass(frozen=True)
class StartPage:
    """What the start page shows, read in a fixed number of queries."""

    running: list[Running]
    waiting: list[Vod]
    waiting_count: Count
    attention: list[Vod]
    attention_count: Count
    retrying: list[Vod]
    retrying_count: Count
    done: list[Vod]
    done_count: Count
    channels: list[Channel]
    token_problems: list[Token]
    holds: holds.Holds
    full: dailylimits.Full | None  # the limit of all uploads, while a VOD waits for it

    @property
    def live(self) -> list[Channel]:
        return [channel for channel in self.channels if channel.live_stream_id]

    @property
    def channel_problems(self) -> list[Channel]:
        return [channel for channel in self.channels if channel.problem]

    @property
    def nothing_yet(self) -> bool:
        """No VOD is known in any state that matters: the page explains the first steps instead."""
        return not (self.running or self.waiting or self.attention or self.retrying or self.done)


def start_page(now: datetime) -> StartPage:
    """Reads the start page. `now` is the clock for speeds."""
    tiers = eligible.tiers()
    waiting = Vod.objects.filter(state__in=[State.QUEUED, State.DOWNLOADED], live=False)  # not on air any more
    attention = Vod.objects.filter(state=State.NEEDS_ATTENTION)
    retrying = Vod.objects.filter(state=State.FAILED)
    done = Vod.objects.filter(state=State.DONE)
    at_work, held = running(now), holds.read(now)
    to_upload = _first(State.DOWNLOADED, 3, tiers)
    uploading = sum(run.vod.state == State.UPLOADING for run in at_work)
    return StartPage(
        running=at_work,
        waiting=_first(State.QUEUED, 5, tiers) + to_upload,
        waiting_count=bounded(waiting),
        attention=_first(State.NEEDS_ATTENTION, 20, tiers),
        attention_count=bounded(attention),
        retrying=_first(State.FAILED, 10, tiers),
        retrying_count=bounded(retrying),
        done=list(_without_logs(done).order_by("-done_at", "-id")[:8]),
        done_count=bounded(done),
        channels=list(Channel.objects.all()[:50]),
        token_problems=list(
            Token.objects.filter(state=Token.State.RECONNECT).only("provider", "account_name", "error")
        ),
        holds=held,
        full=dailylimits.full(at_work=uploading) if to_upload and held.uploads_enabled else None,
    )


def _first(state: State, most: int, tiers: list[list[int]]) -> list[Vod]:
    """The first VODs of a state, about in the order in which they are taken: channels of equal priority take turns.

    One state at a time, so that the index sorts.
    """
    found: list[Vod] = []
    for tier in tiers:
        rows = Vod.objects.filter(state=state, live=False, channel__in=tier).select_related("channel").order_by(*ORDER)
        found += rows[: most - len(found)]
    return found


def bounded(rows: QuerySet[Any]) -> Count:
    """The number of rows, counted no further than COUNT_MOST."""
    return Count(len(rows.order_by().values_list("pk", flat=True)[: COUNT_MOST + 1]))


def running(now: datetime) -> list[Running]:
    """VODs at work, the longest at it first, with speed and time left."""
    vods = list(Vod.objects.filter(state__in=WORKING).select_related("channel").order_by("state_changed_at", "id")[:64])
    tries = Attempt.objects.filter(vod__in=vods, outcome=Attempt.Outcome.RUNNING).defer("log").order_by("started_at")
    latest = {attempt.vod_id: attempt for attempt in tries}
    return [with_speed(vod, latest.get(vod.pk), now) for vod in vods]


def with_speed(vod: Vod, attempt: Attempt | None, now: datetime) -> Running:
    """The mean speed of this attempt. A resumed one counts its own bytes, where the worker has written them."""
    if attempt is None or (vod.redo == Redo.VERIFY and vod.state == State.DOWNLOADING):
        return Running(vod, None, None)
    until = vod.updated_at if vod.updated_at > attempt.started_at else now
    seconds = (until - attempt.started_at).total_seconds()
    done = attempt.bytes or vod.bytes_done
    if seconds < 1 or done <= 0:
        return Running(vod, None, None)
    speed = done / seconds
    left = max(0.0, (vod.bytes_total - vod.bytes_done) / speed) if vod.bytes_total else None
    return Running(vod, speed, left)


@dataclass(frozen=True)
class Page:
    """A page of the list. `newer` and `older` are the keys of the neighbouring pages, empty at the ends."""

    vods: list[Vod]
    newer: str
    older: str


def vod_page(
    *, state: str = "", channel: str = "", text: str = "", after: str = "", before: str = "", only_done: bool = False
) -> Page:
    """A page of VODs, newest broadcast first.

    `before` shows the page that follows the key, `after` the one that precedes it; a key is `vod_key` of a VOD.
    An unknown state, channel or key filters nothing out that it does not name: it is treated as not given.
    """
    rows = _without_logs(Vod.objects.all())
    if only_done:
        rows = rows.filter(state=State.DONE)
    elif state in State.values:
        rows = rows.filter(state=state)
    if channel:
        rows = rows.filter(channel__login=channel)
    if text:
        rows = rows.filter(Q(title__icontains=text) | Q(twitch_id=text.lstrip("v")))
    forward, backward = _key(before), _key(after)
    if backward and not forward:
        found = list(_beyond(rows, backward, newer=True).order_by("started_at", "id")[: PER_PAGE + 1])
        more, vods = len(found) > PER_PAGE, found[:PER_PAGE][::-1]
        return Page(vods, vod_key(vods[0]) if more and vods else "", vod_key(vods[-1]) if vods else "")
    if forward:
        rows = _beyond(rows, forward, newer=False)
    vods = list(rows.order_by("-started_at", "-id")[: PER_PAGE + 1])
    more, vods = len(vods) > PER_PAGE, vods[:PER_PAGE]
    return Page(vods, vod_key(vods[0]) if forward and vods else "", vod_key(vods[-1]) if more else "")


def vod_key(vod: Vod) -> str:
    """A VOD's place in the list: `<milliseconds of its start>_<row id>`… exact to the microsecond."""
    return f"{vod.started_at.isoformat()}_{vod.pk}"


def _key(text: str) -> tuple[datetime, int] | None:
    moment, _, number = text.rpartition("_")
    try:
        when, pk = datetime.fromisoformat(moment), int(number)
    except ValueError:
        return None
    return (when, pk) if when.tzinfo and 0 <= pk < 2**63 else None


def _beyond(rows: QuerySet[Vod], key: tuple[datetime, int], *, newer: bool) -> QuerySet[Vod]:
    """Rows beyond the key. The first condition alone lets the index do the work; the second sorts out equal starts."""
    when, pk = key
    if newer:
        return rows.filter(started_at__gte=when).filter(Q(started_at__gt=when) | Q(pk__gt=pk))
    return rows.filter(started_at__lte=when).filter(Q(started_at__lt=when) | Q(pk__lt=pk))


def _without_logs(rows: QuerySet[Vod]) -> QuerySet[Vod]:
    return rows.select_related("channel").defer("upload_session", "muted_segments", "gaps", "muted")


def channels() -> list[Channel]:
    return list(Channel.objects.all()[:500])


@dataclass(frozen=True)
class VodPage:
    """One VOD with its history."""

    vod: Vod
    running: Running
    chapters: list[Chapter]
    attempts: list[Attempt]


def vod_by_twitch_id(twitch_id: str) -> Vod | None:
    return Vod.objects.select_related("channel").defer("upload_session").filter(twitch_id=twitch_id).first()


def vod_page_of(vod: Vod, now: datetime) -> VodPage:
    """Chapters and the last 50 attempts of a VOD, without their logs: `attempt_log` gives those."""
    attempts = list(vod.tries.defer("log")[:50])
    at_work = next((attempt for attempt in attempts if attempt.outcome == Attempt.Outcome.RUNNING), None)
    speed = with_speed(vod, at_work if vod.state in WORKING else None, now)
    return VodPage(vod, speed, list(vod.chapters.all()), attempts)


def attempt_log(twitch_id: str, attempt_id: int) -> str | None:
    """The log lines of one attempt; None when the VOD has no such attempt."""
    return Attempt.objects.filter(vod__twitch_id=twitch_id, pk=attempt_id).values_list("log", flat=True).first()


def listing(
    rows: QuerySet[Vod] | None = None,
    *,
    chat_messages: Callable[[list[int]], Mapping[int, int]] = lambda ids: {},
    batch: int = 500,
) -> Iterator[dict[str, Any]]:
    """What `vods --json` prints, newest broadcast first. `chat_messages` gives the messages of VOD ids (chat knows)."""
    chosen = (Vod.objects.all() if rows is None else rows).select_related("channel").defer("upload_session")
    for some in _batches(chosen.order_by("-started_at", "-id").iterator(batch), batch):
        counts = chat_messages([vod.pk for vod in some])
        yield from (_listed(vod, counts.get(vod.pk, 0)) for vod in some)


def _batches(vods: Iterable[Vod], length: int) -> Iterator[list[Vod]]:
    some: list[Vod] = []
    for vod in vods:
        some.append(vod)
        if len(some) == length:
            yield some
            some = []
    if some:
        yield some


def _listed(vod: Vod, messages: int) -> dict[str, Any]:
    return {
        "twitch_id": vod.twitch_id,
        "channel": vod.channel.login,
        "title": vod.title,
        "state": vod.state,
        "attempts": vod.attempts,
        "error": vod.error,
        "bytes_done": vod.bytes_done,
        "bytes_total": vod.bytes_total,
        "path": str(Path(settings.MEDIA_DIR) / vod.file_path) if vod.file_path else "",
        "size": vod.file_size,
        "youtube_id": vod.youtube_id,
        "youtube_url": vod.youtube_url,
        "chat_messages": messages,
    }

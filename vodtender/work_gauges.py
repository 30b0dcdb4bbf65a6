"""What an operator wants to know beyond the guide: space, ages, task queues, the chat recorder."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count
from django.utils.timezone import now
from django_q.models import OrmQ, Task
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from chat import presence
from vods.models import Channel, State, Step, Vod
from vodtender.clusters import NAMES
from vodtender.gauges import NOT_LIVE, by_label, gauge


class WorkCollector(Collector):
    def describe(self) -> list[Metric]:
        return []  # registering must not ask the database

    def collect(self) -> Iterator[Metric]:
        moment = now()
        total, free = media_space()
        yield gauge("media_total_bytes", "Size of the disk that MEDIA_DIR is on", total)
        yield gauge("media_free_bytes", "Free space in MEDIA_DIR", free)
        waits = Vod.objects.filter(state=State.NEEDS_ATTENTION).count()
        yield gauge("vod_needs_attention", "VODs that wait for a decision of a person", waits)
        text = "How long the oldest queued VOD has been in the queue; 0 when it is empty"
        yield gauge("vod_oldest_queued_age_seconds", text, oldest_queued_seconds(moment))
        text = (
            "How long until Twitch removes the first VOD that we lack (TWITCH_VOD_LIFETIME_DAYS after its broadcast "
            "began); below 0 it is overdue, and the whole lifetime when none is lacking"
        )
        yield gauge("vod_soonest_expiry_seconds", text, soonest_expiry_seconds(moment))
        yield by_label("task_queue_waiting", "django-q2 tasks that wait for a worker", "cluster", waiting_tasks(moment))
        yield by_label("task_queue_failed", "Failed django-q2 tasks that are kept", "cluster", failed_tasks())
        heard = presence.read()
        text = "Age of the oldest chat line that was read and is not stored yet"
        yield gauge("chat_lag_seconds", text, heard.behind_seconds)
        connected = {login: int(hears) for login, hears in sorted(heard.connected.items())}
        text = "Whether the chat of a channel arrives at the recorder (1=yes, 0=no)"
        yield by_label("chat_recorder_connected", text, "channel", connected)


def media_space() -> tuple[int | None, int | None]:
    """Bytes in all, and bytes that this user may still write. None when MEDIA_DIR cannot be read."""
    try:
        usage = shutil.disk_usage(settings.MEDIA_DIR)
    except OSError:
        return None, None
    return usage.total, usage.free


def oldest_queued_seconds(moment: datetime) -> float:
    """Two walks of one step each in the index vod_queued_since: rows made by hand have no `state_changed_at`."""
    queued = Vod.objects.filter(state=State.QUEUED, live__in=NOT_LIVE)
    changed = queued.filter(state_changed_at__isnull=False).order_by("state_changed_at")
    made = queued.filter(state_changed_at=None).order_by("created_at")
    since: list[Any] = [
        *changed.values_list("state_changed_at", flat=True)[:1],
        *made.values_list("created_at", flat=True)[:1],
    ]
    return max(0.0, (moment - min(since)).total_seconds()) if since else 0.0


def soonest_expiry_seconds(moment: datetime) -> float:
    """Of the VODs that are wanted and have no file: uploads and highlights stay at Twitch."""
    lifetime = timedelta(days=settings.TWITCH_VOD_LIFETIME_DAYS)
    archived = list(Channel.objects.filter(archive=True).values_list("pk", flat=True))
    lacking = Vod.objects.filter(type="archive", channel__in=archived).order_by("started_at")
    starts = [
        start
        for rows in (
            lacking.filter(state=State.QUEUED),
            lacking.filter(state=State.DOWNLOADING),
            lacking.filter(state=State.FAILED, step=Step.DOWNLOAD),
            lacking.filter(state=State.NEEDS_ATTENTION, step=Step.DOWNLOAD),
        )
        for start in rows.values_list("started_at", flat=True)[:1]
    ]
    return (min(starts, default=moment) + lifetime - moment).total_seconds()


def waiting_tasks(moment: datetime) -> dict[str, int]:
    rows = OrmQ.objects.filter(lock__lte=moment).values_list("key").annotate(tasks=Count("*"))
    return _by_cluster(rows)


def failed_tasks() -> dict[str, int]:
    """A task that names no cluster ran in the default one."""
    return _by_cluster(Task.objects.filter(success=False).order_by().values_list("cluster").annotate(tasks=Count("*")))


def _by_cluster(rows: object) -> dict[str, int]:
    """Only our clusters: what else writes into these tables must not make labels."""
    counts = dict.fromkeys(NAMES, 0)
    for cluster, count in rows:  # type: ignore[attr-defined]
        name = cluster or NAMES[0]
        if name in counts:
            counts[name] += count
    return counts

"""Notices a django-q2 cluster that lives but takes no tasks any more.

An idle task process that is killed by force while it holds the queue's lock leaves its cluster so, for good.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection
from django_q.models import OrmQ

from vods import dispatch, leasing
from vodtender.broker import taken_key

# A short job ends within its timeout; what was taken and is still there a little later is in nobody's hands.
OVERDUE_SECONDS = settings.SHORT_JOB_SECONDS + 20


@dataclass
class Watchdog:
    """`since`: by cluster, what looks wrong and when it was first seen so (monotonic seconds)."""

    since: dict[str, tuple[object, float]] = field(default_factory=dict)

    def stuck(self, cluster: str, now: float) -> bool:
        """True when the cluster has looked wrong, in the same way, for longer than it may."""
        sign = _media_sign() if cluster == dispatch.CLUSTER else _default_sign(cluster)
        patience = settings.WATCHDOG_SECONDS if cluster == dispatch.CLUSTER else OVERDUE_SECONDS
        if sign is None:
            self.since.pop(cluster, None)
            return False
        seen, first = self.since.get(cluster, (None, now))
        if seen != sign:
            first = now
        self.since[cluster] = (sign, first)
        return now - first > patience


def give_back_tasks(cluster: str) -> None:
    """After a cluster of this host was ended: what it had taken may be taken again."""
    if cluster == dispatch.CLUSTER:
        OrmQ.objects.filter(key=taken_key()).delete()  # the dispatch pass makes new ones
    elif connection.vendor == "sqlite":  # with other hosts, by django-q2's own retry
        OrmQ.objects.filter(key=cluster).update(lock=datetime.now(UTC))


def _media_sign() -> object | None:
    """The oldest task that this host took and did not begin, or that nobody takes, although a process here is free."""
    if leasing.live_leases_here() >= settings.MEDIA_WORKERS:
        return None
    taken = OrmQ.objects.filter(key=taken_key()).order_by("pk").values_list("pk", flat=True).first()
    return taken or _oldest(dispatch.CLUSTER, datetime.now(UTC))


def _default_sign(cluster: str) -> object | None:
    """The oldest task that nobody takes, or that was taken longer ago than a short job lasts."""
    overdue = timedelta(seconds=settings.SHORT_JOB_RETRY - OVERDUE_SECONDS)
    return _oldest(cluster, datetime.now(UTC) + overdue)


def _oldest(cluster: str, locked_until: datetime) -> int | None:
    """Id of the oldest task that is locked until then at most."""
    rows = OrmQ.objects.filter(key=cluster, lock__lte=locked_until).order_by("pk")
    oldest: int | None = rows.values_list("pk", flat=True).first()
    return oldest

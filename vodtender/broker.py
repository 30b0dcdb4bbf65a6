"""django-q2's ORM broker, which also tells which host took a media task that nobody began yet.

A media task is acknowledged when it begins, because the lease decides what is worked on and the dispatch pass makes new
tasks. What a host has taken and not begun therefore stands under a key of that host's own, which the watchdog reads.
"""

from __future__ import annotations

import logging
from typing import Any

from django.db import DatabaseError
from django_q.brokers.orm import ORM
from django_q.models import OrmQ

from vods.dispatch import CLUSTER
from vods.owner import host_name

log = logging.getLogger(__name__)


def taken_key() -> str:
    """The key of media tasks that this host took and that have not begun."""
    return f"{CLUSTER}@{host_name()}"[:100]


class Broker(ORM):  # type: ignore[misc]
    def dequeue(self) -> list[tuple[int, str]] | None:
        taken: list[tuple[int, str]] | None = super().dequeue()
        if taken and self.list_key == CLUSTER:
            OrmQ.objects.filter(pk__in=[pk for pk, _ in taken]).update(key=taken_key())
        return taken


def begun(task: dict[str, Any], **_: object) -> None:
    """Receiver of django-q2's pre_execute in the media cluster."""
    try:
        OrmQ.objects.filter(pk=task.get("ack_id"), key=taken_key()).delete()
    except DatabaseError as error:  # the task says it better
        log.debug("A media task could not be acknowledged: %s", error)

"""Keeps the slots of the media workers filled. The claim decides who works on what; this only wakes workers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.db import transaction
from django.db.models import Q
from django_q.models import OrmQ
from django_q.tasks import async_task

from oauth import tokens
from vods import eligible, leasing, picking
from vods.leasing import Stage
from vods.models import Channel, Redo, State, Vod
from vods.transitions import move
from vodtender.http import ErrorKind
from vodtender.telemetry import correlation, metrics, store

log = logging.getLogger(__name__)

CLUSTER = "media"
LAST_RUN = "last_process_run"


def pass_once() -> int:
    """One processing cycle: counted, then the free slots are filled; how many tasks were queued."""
    with correlation.correlated():
        with transaction.atomic():
            store.mark(LAST_RUN, datetime.now(UTC))
            store.record(store.Count(metrics.PROCESSING_CYCLES))
        settle_uploads()
        return fill()


def fill() -> int:
    """Queues as many `process_once` tasks as there are free slots and waiting VODs; how many that were."""
    slots = sum(eligible.limit(stage) for stage in Stage)
    if OrmQ.objects.filter(key=CLUSTER, lock__lte=datetime.now(UTC)).count() >= slots:
        return 0  # tasks that nobody took yet: more of them would help nobody
    queued = 0
    for stage in Stage:
        free = eligible.limit(stage) - leasing.live_leases(stage)
        wanted = picking.claimable(stage, eligible.channels(stage), free) if free > 0 else 0
        for _ in range(wanted):
            async_task("vods.tasks.process_once", str(stage), cluster=CLUSTER, task_name=f"{stage}")
        queued += wanted
    return queued


def fill_soon() -> None:
    """`fill`, once the transaction that made work has committed."""
    transaction.on_commit(fill)


def settle_uploads() -> None:
    """Moves VODs with a file between `downloaded` and `done` when uploading was switched on or off since."""
    uploading = list(Channel.objects.filter(upload=True).values_list("pk", flat=True))
    wanted = Q(youtube_id="", skip_upload=False, channel_id__in=uploading) & ~Q(file_path="")
    waiting = Vod.objects.filter(state=State.DOWNLOADED)
    if eligible.uploads_enabled():
        move(Vod.objects.filter(wanted, state=State.DONE), State.DOWNLOADED, attempts=0)
        waiting = waiting.exclude(wanted).exclude(redo=Redo.UPLOAD, skip_upload=False)
    move(waiting, State.DONE, redo=Redo.NOTHING)
    if tokens.connected("youtube"):
        refused = Vod.objects.filter(state=State.FAILED, step=Stage.UPLOAD, error_kind=ErrorKind.AUTH)
        move(refused, State.DOWNLOADED, not_before=None)

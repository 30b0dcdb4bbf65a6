"""Keeps the slots of the media workers filled. The claim decides who works on what; this only wakes workers."""

from __future__ import annotations

import logging
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction
from django_q.models import OrmQ
from django_q.tasks import async_task

from oauth import tokens
from vods import leasing
from vods.leasing import Stage
from vods.models import Channel, State, Vod
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
    slots = sum(limit(stage) for stage in Stage)
    if OrmQ.objects.filter(key=CLUSTER, lock__lte=datetime.now(UTC)).count() >= slots:
        return 0  # tasks that nobody took yet: more of them would help nobody
    queued = 0
    for stage in Stage:
        free = limit(stage) - leasing.live_leases(stage)
        wanted = leasing.claimable(stage, channels(stage), free) if free > 0 else 0
        for _ in range(wanted):
            async_task("vods.tasks.process_once", str(stage), cluster=CLUSTER, task_name=f"{stage}")
        queued += wanted
    return queued


def fill_soon() -> None:
    """`fill`, once the transaction that made work has committed."""
    transaction.on_commit(fill)


def limit(stage: Stage) -> int:
    return settings.MAX_CONCURRENT_DOWNLOADS if stage == Stage.DOWNLOAD else settings.MAX_CONCURRENT_UPLOADS


def channels(stage: Stage) -> list[int]:
    """Ids of the channels whose VODs may be claimed for `stage` now."""
    if stage == Stage.UPLOAD:
        ready = uploads_enabled() and tokens.connected("youtube")
        return list(Channel.objects.filter(upload=True).values_list("pk", flat=True)) if ready else []
    return list(Channel.objects.filter(archive=True).values_list("pk", flat=True))


def uploads_enabled() -> bool:
    return bool(settings.YOUTUBE_UPLOAD_ENABLED and settings.YOUTUBE_UPLOAD_OWNERSHIP)


def upload_wanted(vod: Vod) -> bool:
    return uploads_enabled() and vod.channel.upload and not vod.skip_upload and not vod.youtube_id


def settle_uploads() -> None:
    """Moves VODs with a file between `downloaded` and `done` when uploading was switched on or off since."""
    wanted = Vod.objects.filter(youtube_id="", skip_upload=False, channel__upload=True).exclude(file_path="")
    if uploads_enabled():
        wanted.filter(state=State.DONE).update(state=State.DOWNLOADED, attempts=0)
        unwanted = Vod.objects.filter(state=State.DOWNLOADED).exclude(pk__in=wanted.values("pk"))
    else:
        unwanted = Vod.objects.filter(state=State.DOWNLOADED)
    unwanted.update(state=State.DONE)
    if tokens.connected("youtube"):
        Vod.objects.filter(state=State.FAILED, step=Stage.UPLOAD, error_kind=ErrorKind.AUTH).update(
            state=State.DOWNLOADED, not_before=None
        )

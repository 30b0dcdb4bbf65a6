"""What a person, or a page for a person, may ask of the queue."""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from vods import circuit, dispatch
from vods.dbclock import DbNow
from vods.models import PENDING, WORKING, Channel, Redo, State, Switchboard, Vod
from vods.owner import host_name
from vods.places import clear_work
from vods.transitions import move
from vodtender.telemetry import correlation, tracing

log = logging.getLogger(__name__)

STAGES = ("download", "verify", "upload")


def requeue(vod_ids: list[int], *, stage: str = "", by: str = "") -> int:
    """Starts these VODs anew, with no tries charged; how many that were. What is at work now is left alone.

    Without `stage`: a VOD with a file and no video on YouTube goes on with the upload; any other is downloaded again.
    `download` fetches the file anew. `verify` compares it with what was downloaded. `upload` publishes it; when it is
    on YouTube already, only if the video is there no more.
    """
    with transaction.atomic():
        rows = Vod.objects.select_for_update()  # so that no file goes between the plan and the move
        chosen = list(rows.filter(pk__in=vod_ids).exclude(state__in=WORKING))
        plans = [(vod.pk, _plan(vod, stage)) for vod in chosen]
        count = sum(_begin([pk for pk, plan in plans if plan == kind], kind) for kind in STAGES)
    if count:
        log.info("Requeued %d VODs%s%s.", count, f" to {stage}" if stage else "", f" for {by}" if by else "")
        dispatch.fill_soon()
    return count


def cancel(vod_ids: list[int], *, keep_partial: bool = False, by: str = "") -> int:
    """Stops these VODs: waiting ones at once, those at work within seconds. They are not tried again by themselves.

    What was downloaded so far is removed, unless `keep_partial`: then a requeue goes on where it stopped.
    """
    with transaction.atomic():
        working = Vod.objects.filter(pk__in=vod_ids, state__in=WORKING, cancel_requested_at=None)
        count = working.update(cancel_requested_at=DbNow(), keep_partial=keep_partial, updated_at=DbNow())
        waiting = Vod.objects.filter(pk__in=vod_ids, state__in=PENDING - WORKING)
        left_over = [] if keep_partial else list(waiting.values_list("twitch_id", flat=True))
        count += move(waiting, State.CANCELED, not_before=None, error="", error_kind="", keep_partial=keep_partial)
    for twitch_id in left_over:
        clear_work(twitch_id)
    if count:
        log.info("Canceled %d VODs%s.", count, f" for {by}" if by else "")
    return count


def accept_gap(vod_ids: list[int], *, by: str = "") -> int:
    """Finishes VODs with segments missing at Twitch: the gap is recorded, the rest is kept."""
    chosen = Vod.objects.filter(pk__in=vod_ids, state=State.NEEDS_ATTENTION, error_kind="missing_segment")
    ids = list(chosen.values_list("pk", flat=True))
    Vod.objects.filter(pk__in=ids).update(accept_gap=True)
    return requeue(ids, by=by)


def set_skip_upload(vod_ids: list[int], skip: bool) -> int:
    return Vod.objects.filter(pk__in=vod_ids).exclude(skip_upload=skip).update(skip_upload=skip, updated_at=DbNow())


def set_priority(vod_ids: list[int], priority: int) -> int:
    """Higher comes first."""
    return Vod.objects.filter(pk__in=vod_ids).exclude(priority=priority).update(priority=priority, updated_at=DbNow())


def pause(*, paused: bool, channels: QuerySet[Channel] | None = None, uploads: bool = False, by: str = "") -> int:
    """Stops taking up VODs, or goes on: of these channels, of all uploads, or of everything; 0 when it was so."""
    if channels is not None:
        changed = channels.exclude(paused=paused).update(paused=paused)
    else:
        board = Switchboard.objects.get_or_create(pk=1)[0]
        name = "uploads_paused" if uploads else "paused"
        changed = Switchboard.objects.filter(pk=board.pk).exclude(**{name: paused}).update(**{name: paused})
    if changed:
        what = "the uploads" if uploads else "everything" if channels is None else f"{changed} channels"
        log.info("%s %s%s.", "Paused" if paused else "Resumed", what, f" for {by}" if by else "")
        dispatch.fill_soon()
    return changed


def reset_circuits(channels: QuerySet[Channel], *, uploads: bool = False, by: str = "") -> int:
    """Closes circuit breakers by hand; how many were not closed or had failures."""
    breakers = [*channels, *([Switchboard.read()] if uploads else [])]
    with transaction.atomic():
        count = sum(circuit.reset(breaker) for breaker in breakers)
    if count:
        log.info("Reset %d circuit breakers%s.", count, f" for {by}" if by else "")
        dispatch.fill_soon()
    return count


def _plan(vod: Vod, stage: str) -> str:
    """Which stage this VOD begins with; empty when it cannot do what was asked."""
    has_file = _has_file(vod)
    if stage in {"verify", "upload"}:
        return stage if has_file else ""
    if stage:
        return stage
    return "upload" if has_file and not vod.youtube_id and vod.state != State.DONE else "download"


def _begin(ids: list[int], stage: str) -> int:
    rows = Vod.objects.filter(pk__in=ids)
    fresh: dict[str, Any] = {
        "attempts": 0,
        "not_before": None,
        "error": "",
        "error_kind": "",
        "cancel_requested_at": None,
        "correlation_id": correlation.current(),
        "traceparent": tracing.traceparent(),
    }
    if stage == "upload":
        on_youtube = move(rows.exclude(youtube_id=""), State.DOWNLOADED, **fresh, redo=Redo.UPLOAD)
        return on_youtube + move(rows.filter(youtube_id=""), State.DOWNLOADED, **fresh, redo=Redo.NOTHING)
    if stage == "verify":
        return move(rows, State.QUEUED, **fresh, redo=Redo.VERIFY)
    # A new file may have another size: a session that was begun with the old one would refuse it.
    return move(rows, State.QUEUED, **fresh, redo=Redo.NOTHING, upload_session="")


def _has_file(vod: Vod) -> bool:
    return bool(vod.file_path) and (vod.file_host != host_name() or (settings.MEDIA_DIR / vod.file_path).is_file())

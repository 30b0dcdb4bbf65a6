"""What a person, or a page for a person, may ask of the queue."""

from __future__ import annotations

import logging

from django.conf import settings
from django.db import transaction

from vods import dispatch
from vods.dbclock import DbNow
from vods.models import PENDING, WORKING, State, Vod
from vods.owner import host_name
from vodtender.telemetry import correlation

log = logging.getLogger(__name__)


def requeue(vod_ids: list[int], *, by: str = "") -> int:
    """Starts these VODs anew, with no tries charged; how many that were. What is at work now is left alone.

    A VOD with a file and no video on YouTube goes on with the upload; any other is downloaded again. One that is on
    YouTube is never uploaded a second time.
    """
    fresh = {
        "attempts": 0,
        "not_before": None,
        "error": "",
        "error_kind": "",
        "cancel_requested_at": None,
        "correlation_id": correlation.current(),
        "state_changed_at": DbNow(),
        "updated_at": DbNow(),
    }
    with transaction.atomic():
        chosen = Vod.objects.filter(pk__in=vod_ids).exclude(state__in=WORKING)
        to_upload = [vod.pk for vod in chosen if _has_file(vod) and not vod.youtube_id and vod.state != State.DONE]
        count = chosen.filter(pk__in=to_upload).update(**fresh, state=State.DOWNLOADED)
        # A new file may have another size: a session begun with the old one would refuse it.
        count += chosen.exclude(pk__in=to_upload).update(**fresh, state=State.QUEUED, upload_session="")
    if count:
        log.info("Requeued %d VODs%s.", count, f" for {by}" if by else "")
        dispatch.fill_soon()
    return count


def cancel(vod_ids: list[int], *, by: str = "") -> int:
    """Stops these VODs: waiting ones at once, those at work within seconds. They are not tried again by themselves."""
    with transaction.atomic():
        working = Vod.objects.filter(pk__in=vod_ids, state__in=WORKING, cancel_requested_at=None)
        count = working.update(cancel_requested_at=DbNow(), updated_at=DbNow())
        waiting = Vod.objects.filter(pk__in=vod_ids, state__in=PENDING - WORKING)
        count += waiting.update(
            state=State.CANCELED, not_before=None, state_changed_at=DbNow(), updated_at=DbNow(), error="", error_kind=""
        )
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


def _has_file(vod: Vod) -> bool:
    return bool(vod.file_path) and (vod.file_host != host_name() or (settings.MEDIA_DIR / vod.file_path).is_file())

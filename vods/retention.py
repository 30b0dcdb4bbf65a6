"""Deletes old video files as the rules say: what the schedule and `manage.py applyretention` run.

Each machine cares for the files that it holds. The plan is made by retention_plan.py, a file is deleted by removal.py.
"""

from __future__ import annotations

import logging
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db.models import QuerySet

from vods import removal
from vods.models import AT_REST, Channel, Redo, State, Vod
from vods.owner import host_name
from vods.removal import NotNow
from vods.retention_plan import File, Limits, Plan, Rules, in_words, make_plan
from vods.retention_rules import MOST_DAYS
from vodtender.telemetry import correlation

log = logging.getLogger(__name__)

GB = 10**9


@dataclass(frozen=True)
class Result:
    """What was done. `stayed`: VOD ids whose file should have gone, with why it did not."""

    deleted: int
    freed: int
    stayed: tuple[tuple[str, str], ...]


def apply() -> None:
    """What the schedule runs. Without any rule it does nothing."""
    with correlation.correlated():
        removal.finish_left_over()
        found = plan()
        if found is None:
            return
        for text in found.unmet:
            log.warning("Retention: %s", text)
        if not settings.RETENTION_DRY_RUN:
            carry_out(found)
            return
        for decision in found.deletions:
            text = "RETENTION_DRY_RUN: the file of VOD %s would be deleted because %s."
            log.info(text, decision.file.twitch_id, decision.reason)


def plan() -> Plan | None:
    """What would be deleted now of this machine's files. None: there is no rule, or MEDIA_DIR cannot be read."""
    rules = {channel.login: rules_of(channel) for channel in Channel.objects.all()}
    limits = Limits(settings.RETENTION_MAX_SIZE, settings.RETENTION_MIN_FREE)
    by_channel = any(rule.keep_days or rule.keep_count or rule.max_bytes for rule in rules.values())
    if not (by_channel or limits.max_bytes or limits.min_free):
        return None
    try:
        free = shutil.disk_usage(settings.MEDIA_DIR).free
    except OSError as error:
        log.warning("Retention waits: MEDIA_DIR (%s) cannot be read: %s.", settings.MEDIA_DIR, error.strerror)
        return None
    return make_plan(files_here(), rules, limits, free, datetime.now(UTC))


def carry_out(plan: Plan) -> Result:
    """Deletes what the plan names, each file unless its VOD has changed since."""
    deleted, freed, stayed = 0, 0, []
    for decision in plan.deletions:
        try:
            removal.remove(decision)
        except NotNow as error:
            stayed.append((decision.file.twitch_id, str(error)))
            log.warning("The file of VOD %s is not deleted now: %s", decision.file.twitch_id, error)
            continue
        deleted += 1
        freed += decision.file.size
    if deleted:
        log.info("Retention deleted %d files, %s.", deleted, in_words(freed))
    return Result(deleted, freed, tuple(stayed))


def rules_of(channel: Channel) -> Rules:
    """The channel's own rules where it has some, else those of the settings."""
    unpublished = channel.retention_delete_unpublished
    return Rules(
        keep_days=min(MOST_DAYS, _own(channel.retention_keep_days, settings.RETENTION_KEEP_DAYS)),
        keep_count=_own(channel.retention_keep_count, settings.RETENTION_KEEP_COUNT),
        keep_newer_days=min(MOST_DAYS, _own(channel.retention_keep_newer_days, settings.RETAIN_KEEP_NEWER_THAN_DAYS)),
        max_bytes=_own(channel.retention_max_gb, 0) * GB,
        delete_unpublished=settings.RETENTION_DELETE_UNPUBLISHED if unpublished is None else unpublished,
    )


def files_here() -> list[File]:
    """The files of this machine that are there, with the size that they have."""
    found = []
    for vod in _rows().iterator(2000):
        size = removal.size_of(vod.file_path)
        if size is not None:
            found.append(_file(vod, size))
    return found


def _rows() -> QuerySet[Vod]:
    rows = Vod.objects.filter(file_host__in=["", host_name()]).exclude(file_path="").select_related("channel")
    return rows.order_by().only(
        "twitch_id", "channel__login", "title", "started_at", "done_at", "state_changed_at", "created_at", "file_path",
        "youtube_id", "state", "redo",
    )  # fmt: skip


def _file(vod: Vod, size: int) -> File:
    return File(
        vod_id=vod.pk,
        twitch_id=vod.twitch_id,
        channel=vod.channel.login,
        title=vod.title,
        started_at=vod.started_at,
        arrived_at=vod.done_at or vod.state_changed_at or vod.created_at,
        size=size,
        published=bool(vod.youtube_id),
        at_rest=State(vod.state) in AT_REST and vod.redo == Redo.NOTHING,
    )


def _own(value: int | None, otherwise: int) -> int:
    return otherwise if value is None else value

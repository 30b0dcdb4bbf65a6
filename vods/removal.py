"""Deletes one VOD's file. The row, the chat, the history and the YouTube address stay.

The file is taken out of use before it is unlinked, so that nobody uploads, verifies or plays what is about to go:

1. The lock on the VOD's work folder: no download of this VOD puts a file into its place meanwhile.
2. One transaction: a compare-and-swap on state, generation and path moves `file_path` to `file_to_remove` and raises
   the generation; an attempt of the step `retention` begins.
3. The file is unlinked, and its folder synced.
4. One transaction: `file_to_remove` is cleared, the attempt ends, the deletion is counted. If the file could not be
   unlinked, its path is put back instead.

Who dies between 2 and 4 leaves `file_to_remove`; the next run goes on at 3. A download that has ended meanwhile has
cleared it: its file is another one.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, QuerySet

from vods import finished, worklock
from vods.dbclock import DbNow
from vods.models import AT_REST, RETENTION, WORKING, Attempt, Redo, Vod
from vods.owner import host_name
from vods.places import clear_work, work_folder
from vods.retention_plan import Decision, in_words
from vodtender.http import ServiceError
from vodtender.telemetry import correlation, metrics, store, tracing

log = logging.getLogger(__name__)

Outcome = Attempt.Outcome


class NotNow(Exception):
    """The file stays for this time; the text says why."""


def remove(decision: Decision) -> None:
    """Raises NotNow."""
    file = decision.file
    with _alone(file.twitch_id):
        _finish(file.vod_id, _take_out_of_use(decision))
    text = "The file of VOD %s (%s) is deleted because %s."
    log.info(text, file.twitch_id, in_words(file.size), decision.reason)


def finish_left_over() -> int:
    """Unlinks what a process that died had taken out of use; how many files that were."""
    rows = Vod.objects.filter(file_host__in=["", host_name()]).exclude(file_to_remove="").exclude(state__in=WORKING)
    done = 0
    for pk, twitch_id, path in list(rows.order_by("pk").values_list("pk", "twitch_id", "file_to_remove")):
        try:
            with _alone(twitch_id):
                _finish(pk, path)
                done += 1
        except NotNow as error:
            log.warning("The file of VOD %s is not deleted now: %s", twitch_id, error)
    return done


def size_of(file_path: str) -> int | None:
    """The size of a file below MEDIA_DIR; None when it is not there, or is not ours to delete."""
    path = _inside(file_path)
    try:
        return path.stat().st_size if path is not None and path.is_file() else None
    except OSError:
        return None


@contextmanager
def _alone(twitch_id: str) -> Iterator[None]:
    """Holds the lock of the VOD's work folder, and leaves no empty folder behind. Raises NotNow when it is held."""
    folder = work_folder(twitch_id)
    try:
        with worklock.work_lock(folder):
            if (folder / finished.NAME).exists():
                raise NotNow("A download of it has just ended.")
            try:
                yield
            finally:
                empty = [path.name for path in folder.iterdir()] == [worklock.NAME]
    except ServiceError as error:
        raise NotNow(error.message) from None
    except OSError as error:
        raise NotNow(f"{folder} cannot be used: {error.strerror}.") from None
    if empty:
        clear_work(twitch_id)


def _take_out_of_use(decision: Decision) -> str:
    """Step 2; the file's path. Raises NotNow when the VOD is no longer what the plan was made of."""
    file = decision.file
    rows = Vod.objects.filter(pk=file.vod_id, state__in=list(AT_REST), redo=Redo.NOTHING, file_to_remove="")
    rows = rows.filter(file_host__in=["", host_name()]).exclude(file_path="")
    rows = rows.exclude(youtube_id="") if file.published else rows
    with transaction.atomic():
        known = rows.values_list("file_path", "lease_generation", "state").first()
        if known is None:
            raise NotNow("Its VOD is wanted again, or was changed meanwhile.")
        path, generation, state = known
        if size_of(path) is None:
            raise NotNow("It is not there, or not a plain file below MEDIA_DIR.")
        fields: dict[str, Any] = {"file_path": "", "file_to_remove": path, "file_host": host_name()}
        fields |= {"file_deleted_at": DbNow(), "file_deleted_by": decision.reason[:200], "updated_at": DbNow()}
        unchanged = rows.filter(file_path=path, lease_generation=generation, state=state)
        if not unchanged.update(**fields, lease_generation=F("lease_generation") + 1):
            raise NotNow("Its VOD was changed meanwhile.")
        Attempt.objects.create(
            vod_id=file.vod_id,
            step=RETENTION,
            generation=generation + 1,
            started_at=DbNow(),
            host=host_name(),
            bytes=file.size,
            correlation_id=correlation.current(),
            trace_id=tracing.trace_id(),
            log=f"{path} ({file.size} bytes) is deleted because {decision.reason}.",
        )
    return str(path)


def _finish(vod_id: int, file_path: str) -> None:
    """Steps 3 and 4. Raises NotNow."""
    mine = Vod.objects.filter(pk=vod_id, file_to_remove=file_path).exclude(state__in=WORKING)
    if not mine.exists():
        raise NotNow("It is downloaded anew.")
    try:
        _unlink(file_path)
    except OSError as error:
        text = f"Its file could not be deleted: {error.strerror}. Check the folder, its owner and its disk."
        with transaction.atomic():
            undone: dict[str, Any] = {"file_path": file_path, "file_to_remove": "", "file_deleted_at": None}
            mine.filter(file_path="").update(**undone, file_deleted_by="", updated_at=DbNow())
            _running(vod_id).update(outcome=Outcome.FAILED, ended_at=DbNow(), error=text, bytes=0)
        raise NotNow(text) from None
    with transaction.atomic():
        size = _running(vod_id).values_list("bytes", flat=True).first() or 0
        nothing: dict[str, Any] = {"file_to_remove": "", "file_host": "", "file_size": None, "file_sha256": ""}
        mine.update(**nothing, updated_at=DbNow())
        _running(vod_id).update(outcome=Outcome.SUCCEEDED, ended_at=DbNow())
        store.record(store.Count(metrics.RETENTION_DELETIONS), store.Count(metrics.RETENTION_BYTES, (), size))


def _running(vod_id: int) -> QuerySet[Attempt]:
    return Attempt.objects.filter(vod_id=vod_id, step=RETENTION, outcome=Outcome.RUNNING)


def _unlink(file_path: str) -> None:
    """Raises OSError. What is gone already is as good as deleted, if its folder is there."""
    path = _inside(file_path)
    if path is None or not path.parent.is_dir():
        raise FileNotFoundError(2, "its folder is not there")
    path.unlink(missing_ok=True)
    finished.sync_folder(path.parent)


def _inside(file_path: str) -> Path | None:
    """The path when it lies below MEDIA_DIR and no link leads out of there or elsewhere."""
    if not file_path or "\x00" in file_path:
        return None
    folder = Path(settings.MEDIA_DIR).resolve()
    path = folder / file_path
    return path if path.is_relative_to(folder) and path.resolve() == path and path != folder else None

"""Reads what `orphans` judges: rows, tasks, processes of this host, and what is in MEDIA_DIR."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django_q.models import OrmQ

from vods import dispatch, mediadir, mediascan, places
from vods.dbclock import DbNow
from vods.mediascan import Scan
from vods.models import WORKING, Attempt, State, Vod
from vods.orphans import Child, Facts, FileRow, Held, Running, Session, Taken, WorkFolder
from vods.owner import Owner, host_name

NEVER = 1e9  # seconds: a working row without a lease
BATCH = 500


def gather() -> Facts:
    """Rows are read before the folder: a file that is finished meanwhile is then no row without a file."""
    rows = _file_rows()
    facts = Facts(
        held=_held(),
        running=_running(),
        sessions=_sessions(),
        taken=_taken(),
        knows_vods=Vod.objects.exists(),
        lease_seconds=settings.LEASE_SECONDS,
    )
    media_dir = Path(settings.MEDIA_DIR)
    if not (seen := mediadir.look(media_dir, Path(settings.DATA_DIR))).readable:
        return replace(facts, trouble=seen.text)
    try:
        scan = mediascan.scan(media_dir)
    except OSError as error:
        return replace(facts, trouble=f"{media_dir} cannot be read: {error.strerror}.")
    return replace(
        facts,
        children=_children(media_dir),
        folders=_work_folders(scan, media_dir),
        files=tuple(_file_row(row, scan, media_dir) for row in rows),
        unknown=_unknown(scan),
    )


def _held() -> tuple[Held, ...]:
    rows = Vod.objects.filter(state__in=WORKING).annotate(db_now=DbNow())
    fields = ("pk", "twitch_id", "state", "lease_generation", "lease_owner", "lease_until", "db_now")
    found = []
    for pk, twitch_id, state, generation, owner, until, now in rows.values_list(*fields):
        known = Owner.parse(owner)
        over = (now - until).total_seconds() if until else NEVER
        dead = known is not None and known.is_dead()
        found.append(Held(pk, twitch_id, State(state), generation, dead, over if over > 0 else None))
    return tuple(found)


def _running() -> tuple[Running, ...]:
    fields = ("pk", "vod__twitch_id", "step", "generation", "vod__lease_generation", "vod__state")
    rows = Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING).order_by("pk").values_list(*fields)
    return tuple(Running(pk, vod, step, mine, now, State(state)) for pk, vod, step, mine, now, state in rows)


def _sessions() -> tuple[Session, ...]:
    rows = Vod.objects.exclude(upload_session="").order_by("pk")
    fields = ("pk", "twitch_id", "state", "youtube_id", "redo")
    return tuple(
        Session(pk, twitch_id, State(state), bool(youtube_id), bool(redo))
        for pk, twitch_id, state, youtube_id, redo in rows.values_list(*fields)
    )


def _taken() -> tuple[Taken, ...]:
    """The broker moves the lock of a task that it takes by the media cluster's `retry`."""
    prefix = f"{dispatch.CLUSTER}@"
    queue: dict[str, Any] = settings.Q_CLUSTER
    retry = float(queue["ALT_CLUSTERS"][dispatch.CLUSTER]["retry"])
    live = Vod.objects.filter(state__in=WORKING, lease_until__gte=DbNow()).values_list("lease_owner", flat=True)
    leases = Counter(owner.host for text in live if (owner := Owner.parse(text)) is not None)
    now = datetime.now(UTC)
    rows = OrmQ.objects.filter(key__startswith=prefix).order_by("pk").values_list("pk", "key", "lock")
    return tuple(
        Taken(pk, host, retry - (lock - now).total_seconds() if lock else NEVER, leases[host])
        for pk, host, lock in ((pk, key.removeprefix(prefix), lock) for pk, key, lock in rows)
    )


def _children(media_dir: Path) -> tuple[Child, ...]:
    return tuple(
        Child(child.pid, child.started, child.twitch_id, child.orphan, _locked(child.twitch_id))
        for child in mediascan.writers(media_dir)
    )


def _locked(twitch_id: str) -> bool:
    return mediascan.look(places.work_folder(twitch_id)).holder is not None


def _work_folders(scan: Scan, media_dir: Path) -> tuple[WorkFolder, ...]:
    ids = [folder.twitch_id for folder in scan.work]
    known = {row[0]: row for row in _rows_with("twitch_id", ids, "twitch_id", "state", "keep_partial", "file_path")}
    found = []
    for folder in scan.work:
        _, state, keep, path = known.get(folder.twitch_id, ("", None, False, ""))
        locked, there = folder.holder is not None, bool(path) and (media_dir / path).is_file()
        known_state = State(state) if state else None
        found.append(WorkFolder(folder.twitch_id, folder.size, folder.idle, locked, known_state, keep, there))
    return tuple(found)


def _file_rows() -> list[tuple[int, str, str, str, str, bool]]:
    """Of this host, and of any when all see the same MEDIA_DIR."""
    rows = Vod.objects.exclude(file_path="").order_by("pk")
    if not getattr(settings, "SHARED_MEDIA", False):
        rows = rows.filter(file_host__in=["", host_name()])
    fields = ("pk", "twitch_id", "state", "step", "file_path", "file_missing_at")
    return [(*row[:5], row[5] is not None) for row in rows.values_list(*fields)]


def _file_row(row: tuple[int, str, str, str, str, bool], scan: Scan, media_dir: Path) -> FileRow:
    """The scan knows most files. What it has not seen is asked for: its folder may be a link, or it may be new."""
    pk, twitch_id, state, step, path, marked = row
    there = path in scan.files or (media_dir / path).is_file()
    folder = path.rpartition("/")[0]
    folder_there = there or (bool(folder) and (folder in scan.folders or (media_dir / folder).is_dir()))
    return FileRow(pk, twitch_id, State(state), step, path, there, folder_there, marked)


def _unknown(scan: Scan) -> tuple[str, ...]:
    """Files that no row of any host names; also none of a VOD at work, whose row comes after its file."""
    known = {path for (path,) in _rows_with("file_path", sorted(scan.files), "file_path")}
    working = set(Vod.objects.filter(state__in=WORKING).values_list("channel__login", "twitch_id"))
    known |= {f"{login}/{twitch_id}.mp4" for login, twitch_id in working}
    return tuple(scan.files - known)


def _rows_with(name: str, values: list[str], *fields: str) -> Iterable[tuple[Any, ...]]:
    for start in range(0, len(values), BATCH):
        yield from Vod.objects.filter(**{f"{name}__in": values[start : start + BATCH]}).values_list(*fields)

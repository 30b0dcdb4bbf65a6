"""Finds what the dead left behind and mends it: `orphans` makes the plan, this reads the facts and carries it out.

Each item is carried out only if what it was planned for is still so. Anything may have changed since, and may again.
"""

from __future__ import annotations

import logging
import shutil
import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django_q.models import OrmQ

from vods import leasing, mediascan, orphans, places
from vods.dbclock import DbNow
from vods.models import WORKING, Redo, State, Vod
from vods.orphan_facts import gather
from vods.orphans import Do, Item
from vods.worklock import work_lock
from vodtender.http import ServiceError

log = logging.getLogger(__name__)


def planned() -> list[Item]:
    """What would be done now."""
    return orphans.plan(gather())


def mend() -> list[tuple[Item, bool]]:
    """Carries out the plan. Each item with whether it was done; False: it was not so any more, or nothing is to do."""
    done = [(item, _carried_out(item)) for item in planned()]
    counts = Counter(f"{item.do} {item.kind}" for item, was_done in done if was_done)
    if counts:
        log.info("Mended what was left behind: %s.", ", ".join(f"{what}: {n}" for what, n in sorted(counts.items())))
    return done


def _carried_out(item: Item) -> bool:
    act = ACTS.get(item.do)
    if act is None:
        return False
    try:
        was_done = act(item)
    except (OSError, ServiceError, DatabaseError, psutil.Error) as error:
        log.warning("Could not %s %s %s: %s", item.do, item.kind, item.what, error)
        return False
    if was_done:
        log.info("%s: %s %s, because %s.", item.do, item.kind, item.what, item.why)
    return was_done


def _give_back(item: Item) -> bool:
    return isinstance(item.seen, int) and leasing.give_back(int(item.key), item.seen)


def _close(item: Item) -> bool:
    """That nobody works on it any more stays true: a generation is never given again."""
    with transaction.atomic():
        return leasing.close_lost_attempts(pk=int(item.key)) > 0


def _forget(item: Item) -> bool:
    rows = Vod.objects.filter(pk=item.key, state=State.DONE, redo=Redo.NOTHING).exclude(youtube_id="")
    return rows.exclude(upload_session="").update(upload_session="", updated_at=DbNow()) > 0


def _drop(item: Item) -> bool:
    deleted: int = OrmQ.objects.filter(pk=item.key).delete()[0]
    return deleted > 0


def _end(item: Item) -> bool:
    """The pid may be another process's by now: it is the one that was seen only if it began at the same moment."""
    process = psutil.Process(int(item.key))
    if process.create_time() != item.seen or process.ppid() != 1:
        return False
    process.send_signal(signal.SIGKILL)
    return True


def _remove(item: Item) -> bool:
    """Under the folder's lock: who begins to work on the VOD meanwhile waits for it, or has said so in the row."""
    folder = places.work_folder(str(item.key))
    if folder.is_symlink() or not folder.is_dir():
        return False
    idle = mediascan.look(folder).idle
    with work_lock(folder):
        row = Vod.objects.filter(twitch_id=item.key).values_list("state", flat=True).first()
        if row != item.seen or idle <= orphans.DAY:
            return False
        shutil.rmtree(folder)
    return True


def _mark(item: Item) -> bool:
    if (Path(settings.MEDIA_DIR) / str(item.seen)).exists():
        return False
    return _rows_of(item).filter(file_missing_at=None).update(file_missing_at=DbNow(), updated_at=DbNow()) > 0


def _unmark(item: Item) -> bool:
    return _rows_of(item).exclude(file_missing_at=None).update(file_missing_at=None, updated_at=DbNow()) > 0


def _rows_of(item: Item) -> QuerySet[Vod]:
    return Vod.objects.filter(pk=item.key, file_path=item.seen).exclude(state__in=WORKING)


ACTS: dict[Do, Callable[[Item], bool]] = {
    Do.GIVE_BACK: _give_back,
    Do.CLOSE: _close,
    Do.FORGET: _forget,
    Do.DROP: _drop,
    Do.END: _end,
    Do.REMOVE: _remove,
    Do.MARK: _mark,
    Do.UNMARK: _unmark,
}

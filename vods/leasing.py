"""Who works on a VOD: the claim, the lease, its heartbeat, and taking back what dead owners held.

The lease decides, not the task queue: a task that is delivered twice claims nothing the second time, and every write of
a task carries the generation that its claim was given. 0 rows written means that somebody else owns the VOD now.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection, transaction

from vods import drain, moved, picking
from vods.dbclock import DbNow, here
from vods.models import Attempt, Channel, State, Step, Vod
from vods.owner import Owner, host_name, this_process
from vods.transitions import REST, move
from vodtender.telemetry import store

log = logging.getLogger(__name__)

Stage = Step
WORKING_STATE = {Stage.DOWNLOAD: State.DOWNLOADING, Stage.UPLOAD: State.UPLOADING}
_CLAIM_LOCK = {Stage.DOWNLOAD: 7_202_001, Stage.UPLOAD: 7_202_002}  # PostgreSQL advisory locks


class LeaseLost(Exception):
    """Somebody else owns the VOD now: stop, and write nothing more."""

    is_failure = False  # for traces


def claim(stage: Stage, *, limit: int, channels: list[int], vod_id: int | None = None) -> Lease | None:
    """Takes the next VOD for `stage`, or the one named, when a slot is free; None when there is nothing to do.

    1. In one transaction (IMMEDIATE on SQLite, behind an advisory lock on PostgreSQL): free = limit − live leases.
    2. `picking` says whose turn it is; a compare-and-swap on state and generation takes it.
    3. What the former owner left is settled: its attempt is closed, and if it still lives on this host it is ended.
    """
    if not channels:
        return None
    owner = str(this_process())
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_CLAIM_LOCK[stage]])
        if live_leases(stage) >= limit:
            return None
        row = picking.next_row(cursor, stage, channels, vod_id)
        if row is None:
            return None
        sql = (
            f"UPDATE vods_vod SET state = %s, step = %s, lease_owner = %s, lease_generation = lease_generation + 1, "  # noqa: S608
            f"lease_until = {here(settings.LEASE_SECONDS)}, cancel_requested_at = NULL, not_before = NULL, "
            f"bytes_done = 0, bytes_total = NULL, state_changed_at = {here()}, updated_at = {here()} "
            f"WHERE id = %s AND state = %s AND lease_generation = %s"
        )
        picked, state, generation, former = row
        cursor.execute(sql, [WORKING_STATE[stage], stage, owner, picked, state, generation])
        if cursor.rowcount != 1:
            return None
        Channel.objects.filter(vods=picked).update(**{picking.TURN[stage]: DbNow()})
        close_lost_attempts(vod_id=picked)
    if (holder := Owner.parse(former)) is not None:
        holder.kill()
    return Lease(stage, Vod.objects.select_related("channel").get(pk=picked), generation + 1)


def live_leases(stage: Stage) -> int:
    return Vod.objects.filter(state=WORKING_STATE[stage], lease_until__gte=DbNow()).count()


def live_leases_here() -> int:
    """How many VODs processes of this host work on."""
    mine = Vod.objects.filter(lease_owner__startswith=f"{host_name()}|", lease_until__gte=DbNow())
    return mine.filter(state__in=list(WORKING_STATE.values())).count()


def close_lost_attempts(**which: int) -> int:
    """Closes attempts without an end; how many. Call it last in a transaction. What they had moved, as told, counts."""
    running = Attempt.objects.filter(outcome=Attempt.Outcome.RUNNING, **which)
    lost = list(running.select_for_update().values_list("step", "bytes"))
    running.update(
        outcome=Attempt.Outcome.LOST, ended_at=DbNow(), error="The worker that had it died or lost its lease."
    )
    store.record(*(count for step, size in lost for count in moved.counts(step, size)))
    return len(lost)


def take_back_from_the_dead(*, everyone: bool = False) -> int:
    """Gives back at once what dead processes of this host held; how many VODs that were.

    Also ends what was canceled while its lease ran out, on whichever host: nobody is left who would see the cancel.
    `everyone`: whoever held it. In a restored database the owners are the original's, and a claim would end them.
    """
    working = Vod.objects.filter(state__in=list(WORKING_STATE.values()))
    freed = 0
    for vod in working:
        owner = Owner.parse(vod.lease_owner)
        if everyone or (owner is not None and owner.is_dead()):
            freed += give_back(vod.pk, vod.lease_generation)
    for vod in working.filter(cancel_requested_at__isnull=False, lease_until__lt=DbNow()):
        freed += give_back(vod.pk, vod.lease_generation)
    return freed


def give_back(vod_id: int, generation: int) -> bool:
    """Takes a VOD from an owner that is gone, unless its lease was given to another one since.

    It waits again for its stage. One whose cancel the owner did not live to see is canceled.
    """
    mine = Vod.objects.filter(pk=vod_id, lease_generation=generation)
    free: dict[str, Any] = {**REST, "lease_generation": generation + 1, "cancel_requested_at": None}
    with transaction.atomic():
        canceled = mine.filter(state__in=list(WORKING_STATE.values()), cancel_requested_at__isnull=False)
        changed = move(canceled, State.CANCELED, **free) + sum(
            move(mine.filter(state=state), waiting, **free)
            for state, waiting in ((State.DOWNLOADING, State.QUEUED), (State.UPLOADING, State.DOWNLOADED))
        )
        if changed:
            close_lost_attempts(vod_id=vod_id)
    return bool(changed)


@dataclass
class Lease:
    """The right to work on one VOD for one stage. `stop` is set when the work must end; `why` says the reason."""

    stage: Stage
    vod: Vod
    generation: int
    stop: threading.Event = field(default_factory=threading.Event)
    why: str = ""  # drained, canceled, lost
    keep_partial: bool = False  # when canceled
    progress: tuple[int, int | None] = (0, None)  # bytes done, bytes in all
    moved: int = 0  # bytes taken or sent by this try alone
    _reported: int | None = None

    def report(self, done: int, total: int | None) -> None:
        """How far the file is, in bytes. What the first report of a try names was there before: the try is resumed.

        What has to be sent again counts again: it was moved twice.
        """
        if self._reported is not None:
            self.moved += max(0, done - self._reported)
        self._reported = done
        self.progress = (done, total)

    def save(self, **fields: Any) -> None:
        """Writes to the VOD's row while it is ours. Raises LeaseLost."""
        changed = Vod.objects.filter(pk=self.vod.pk, lease_generation=self.generation).update(
            **fields, updated_at=DbNow()
        )
        if not changed:
            raise LeaseLost(f"VOD {self.vod.twitch_id} belongs to another worker now.")
        for name, value in fields.items():
            setattr(self.vod, name, value)

    def leave(self, state: State, **fields: Any) -> None:
        """Ends the lease in `state`. Raises LeaseLost."""
        mine = Vod.objects.filter(pk=self.vod.pk, lease_generation=self.generation)
        if not move(mine, state, **REST, **fields):
            raise LeaseLost(f"VOD {self.vod.twitch_id} belongs to another worker now.")

    def is_ours(self) -> bool:
        """Asked before a rename: False fences an owner that slept past its lease."""
        return (
            self.why != "lost"
            and Vod.objects.filter(pk=self.vod.pk, lease_generation=self.generation, lease_until__gte=DbNow()).exists()
        )

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Keeps the lease alive, and watches for cancel and drain, while the block runs."""
        done = threading.Event()
        here = contextvars.copy_context()  # what the keeper says belongs to this VOD's story
        name = f"lease-{self.vod.twitch_id}"
        keeper = threading.Thread(target=here.run, args=(self._keep, done), name=name, daemon=True)
        keeper.start()
        try:
            yield
        finally:
            done.set()
            keeper.join()

    def _keep(self, done: threading.Event) -> None:
        beat_at = read_at = last_good = boot_clock()
        try:
            while not done.wait(0.25):
                now = boot_clock()
                if drain.draining.is_set():
                    self._end("drained")
                if now - last_good > settings.LEASE_GIVE_UP:
                    self._end("lost")
                beat, read = now - beat_at >= settings.LEASE_HEARTBEAT, now - read_at >= settings.CANCEL_POLL
                if not beat and not read:
                    continue
                read_at = now
                beat_at = now if beat else beat_at
                if self._heartbeat(extend=beat) and beat:
                    last_good = now
        finally:
            connection.close()

    def _heartbeat(self, *, extend: bool) -> bool:
        """Writes progress, and the lease when due; reads the cancel mark. False: the database did not answer."""
        bytes_done, bytes_total = self.progress
        fields: dict[str, Any] = {"bytes_done": bytes_done, "bytes_total": bytes_total}
        if extend:
            fields["lease_until"] = DbNow(settings.LEASE_SECONDS)
        try:
            mine = Vod.objects.filter(pk=self.vod.pk, lease_generation=self.generation)
            if not mine.update(**fields):
                self._end("lost")
                return True
            Attempt.objects.filter(
                vod_id=self.vod.pk, generation=self.generation, outcome=Attempt.Outcome.RUNNING
            ).update(bytes=self.moved)
            if (asked := mine.filter(cancel_requested_at__isnull=False).values_list("keep_partial")) and asked:
                self.keep_partial = asked[0][0]
                self._end("canceled")
        except DatabaseError as error:
            log.warning("The lease of VOD %s could not be renewed: %s", self.vod.twitch_id, error)
            connection.close()
            return False
        return True

    def _end(self, why: str) -> None:
        if not self.why:
            self.why = why
            self.stop.set()


def boot_clock() -> float:
    """Seconds since boot, counting sleep too: a laptop that slept must know that its lease is over."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)

"""How many uploads may begin: a limit for all of them, and one for those of the backlog, in any 24 hours.

What counts is what was really uploaded, by the attempts' rows, and what is being uploaded now. Downloads never wait
for it. An upload that a dead worker had begun goes on: it has its place already.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings

from vods.dbclock import DbNow
from vods.models import Attempt, State, Step, Vod

DAY = timedelta(hours=24)
OLD = timedelta(days=3)  # a VOD that was found so long after its start is one of the backlog


@dataclass(frozen=True)
class Full:
    """A limit that is used up. `until`: when the next upload may begin; None: when one that runs now has ended."""

    name: str
    limit: int
    until: datetime | None

    def __str__(self) -> str:
        what = "uploads" if self.name == "UPLOAD_DAILY_LIMIT" else "uploads of older VODs"
        then = f"at {self.until:%H:%M} UTC on {self.until:%-d %b}" if self.until else "when one that runs has ended"
        return f"The daily limit of {what} is used up ({self.limit} in 24 hours, {self.name}): it goes on {then}."


def full(*, backlog: bool = False, at_work: int | None = None) -> Full | None:
    """The limit that keeps such a VOD from being uploaded now; None while there is room.

    `at_work` is how many are being uploaded now, when the caller knows it.
    """
    found = _full("UPLOAD_DAILY_LIMIT", settings.UPLOAD_DAILY_LIMIT, at_work=at_work)
    if found or not backlog:
        return found
    return _full("BACKFILL_UPLOAD_DAILY_LIMIT", settings.BACKFILL_UPLOAD_DAILY_LIMIT, only_backlog=True)


def sql(step: Step) -> str:
    """What the limits add to the condition of a claim for `step`; empty while there is room."""
    if step != Step.UPLOAD:
        return ""
    if full():
        return " AND state = 'uploading'"
    return " AND (state = 'uploading' OR NOT backlog)" if full(backlog=True) else ""


def waits(vod: Vod) -> str:
    """Why this VOD's upload waits, in words; empty when it is not for a daily limit."""
    uploading = vod.state == State.DOWNLOADED or (vod.state == State.FAILED and vod.step == Step.UPLOAD)
    found = full(backlog=vod.backlog) if uploading else None
    return str(found) if found else ""


def is_old(started_at: datetime, found_at: datetime) -> bool:
    return found_at - started_at > OLD


def _full(name: str, limit: int, *, only_backlog: bool = False, at_work: int | None = None) -> Full | None:
    if not limit:
        return None
    tries = Attempt.objects.filter(step=Step.UPLOAD, outcome=Attempt.Outcome.SUCCEEDED)
    uploading = Vod.objects.filter(state=State.UPLOADING)
    if only_backlog:
        tries, uploading = tries.filter(vod__backlog=True), uploading.filter(backlog=True)
    ended = tries.filter(ended_at__gt=DbNow(-DAY.total_seconds())).order_by("-ended_at")
    newest = [moment for moment in ended.values_list("ended_at", flat=True)[:limit] if moment]
    left_for_ended = limit - (uploading.count() if at_work is None else at_work)
    if len(newest) < left_for_ended:
        return None
    return Full(name, limit, newest[left_for_ended - 1] + DAY if left_for_ended > 0 else None)

"""What an error means for the VOD that met it: its next state, when it is tried again, whether the try is charged."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from vods.models import State, Step
from vodtender.http import ErrorKind, ServiceError, backoff_seconds

PACIFIC = ZoneInfo("America/Los_Angeles")  # YouTube's quota day turns at midnight there
DISK_FULL_WAIT = timedelta(minutes=1)
SKIPPED = frozenset({ErrorKind.RESTRICTED, ErrorKind.GONE})
UNCHARGED = frozenset({ErrorKind.DISK_FULL, ErrorKind.QUOTA, ErrorKind.AUTH})


@dataclass(frozen=True)
class Policy:
    """How often and how fast a step is tried again; seconds."""

    max_attempts: int
    backoff_base: float
    cooldown: float


@dataclass(frozen=True)
class Verdict:
    state: State
    charged: bool
    not_before: datetime | None = None


def judge(error: ServiceError, *, step: Step, attempts: int, policy: Policy, now: datetime) -> Verdict:
    """`attempts`: charged tries of `step` before this one.

    What may pass is tried again for ever: with backoff for the first `max_attempts` tries, then once per cooldown.
    """
    if error.kind in SKIPPED and step == Step.DOWNLOAD:
        return Verdict(State.SKIPPED, charged=True)
    if error.kind is ErrorKind.QUOTA:
        return Verdict(State.FAILED, charged=False, not_before=next_quota_day(now))
    if error.kind in UNCHARGED:
        wait = DISK_FULL_WAIT if error.retry_after is None else timedelta(seconds=error.retry_after)
        return Verdict(State.FAILED, charged=False, not_before=now + wait)
    if error.permanent:
        return Verdict(State.NEEDS_ATTENTION, charged=True)
    tries = attempts + 1
    wait_seconds = backoff_seconds(tries, policy.backoff_base) if tries < policy.max_attempts else policy.cooldown
    return Verdict(
        State.FAILED, charged=True, not_before=now + timedelta(seconds=max(wait_seconds, error.retry_after or 0))
    )


def next_quota_day(now: datetime) -> datetime:
    """The next midnight in Pacific time, five minutes later."""
    day = now.astimezone(PACIFIC).date() + timedelta(days=1)
    return datetime(day.year, day.month, day.day, 0, 5, tzinfo=PACIFIC).astimezone(now.tzinfo)

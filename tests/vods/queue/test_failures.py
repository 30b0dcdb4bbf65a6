"""What an error means for the VOD that met it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from vods.failures import Policy, Verdict, judge, next_quota_day
from vods.models import State, Step
from vodtender.http import ErrorKind, ServiceError

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY = Policy(max_attempts=5, backoff_base=2.0, cooldown=600.0)


def judged(kind: ErrorKind, attempts: int = 0, retry_after: float | None = None, step: Step = Step.DOWNLOAD) -> Verdict:
    error = ServiceError("Twitch", kind, "…", retry_after=retry_after)
    return judge(error, step=step, attempts=attempts, policy=POLICY, now=NOW)


@pytest.mark.parametrize(
    ("kind", "state", "charged"),
    [
        (ErrorKind.TRANSIENT, State.FAILED, True),
        (ErrorKind.RATE_LIMITED, State.FAILED, True),
        (ErrorKind.RESTRICTED, State.SKIPPED, True),
        (ErrorKind.GONE, State.SKIPPED, True),
        (ErrorKind.INVALID, State.NEEDS_ATTENTION, True),
        (ErrorKind.MISSING_SEGMENT, State.NEEDS_ATTENTION, True),
        (ErrorKind.BUG, State.NEEDS_ATTENTION, True),
        (ErrorKind.OUTDATED_YTDLP, State.NEEDS_ATTENTION, True),
        (ErrorKind.DISK_FULL, State.FAILED, False),
        (ErrorKind.QUOTA, State.FAILED, False),
        (ErrorKind.AUTH, State.FAILED, False),
    ],
)
def test_each_kind_has_its_state(kind: ErrorKind, state: State, charged: bool) -> None:
    verdict = judged(kind)
    assert (verdict.state, verdict.charged) == (state, charged)
    assert (verdict.not_before is not None) == (state == State.FAILED)


@pytest.mark.parametrize(
    ("attempts", "least", "most"), [(0, 1, 3), (1, 2, 6), (2, 4, 12), (3, 8, 24), (4, 600, 600), (50, 600, 600)]
)
def test_tries_come_slower_and_slower_then_once_per_cooldown(attempts: int, least: float, most: float) -> None:
    wait = judged(ErrorKind.TRANSIENT, attempts).not_before - NOW
    assert timedelta(seconds=least) <= wait <= timedelta(seconds=most)


def test_the_service_may_ask_for_a_longer_wait() -> None:
    assert judged(ErrorKind.RATE_LIMITED, 0, retry_after=900).not_before - NOW == timedelta(seconds=900)


def test_the_quota_day_turns_at_midnight_in_california() -> None:
    assert next_quota_day(NOW) == datetime(2026, 11, 24, 8, 5, tzinfo=UTC)
    summer = datetime(2026, 7, 1, 6, 59, tzinfo=UTC)
    assert next_quota_day(summer) == datetime(2026, 7, 1, 7, 5, tzinfo=UTC)


def test_an_upload_that_is_refused_is_not_skipped_but_needs_a_person() -> None:
    assert judged(ErrorKind.RESTRICTED, step=Step.UPLOAD).state == State.NEEDS_ATTENTION

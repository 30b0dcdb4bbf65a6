"""The history of a VOD: one row per tried step, with its own log lines."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from vods import moved
from vods.dbclock import DbNow
from vods.leasing import Lease
from vods.models import Attempt, Redo
from vods.owner import host_name
from vodtender.telemetry import correlation, tracing
from vodtender.telemetry.logs import one_line
from vodtender.telemetry.store import Count

LINES_KEPT = 200
LINE_LENGTH = 500


class LineKeeper(logging.Handler):
    """Keeps the last lines that were logged under one correlation id."""

    def __init__(self, corr: str) -> None:
        super().__init__(logging.INFO)
        self._corr = corr
        self._lines: deque[str] = deque(maxlen=LINES_KEPT)
        self._writing = threading.Lock()

    def emit(self, record: logging.LogRecord) -> None:
        if correlation.current() != self._corr:
            return
        text = one_line(record.getMessage())[:LINE_LENGTH]
        when = logging.Formatter().formatTime(record, "%H:%M:%S")
        with self._writing:
            self._lines.append(f"{when} {record.levelname} {text}")

    def text(self) -> str:
        with self._writing:
            return "\n".join(self._lines)


@contextmanager
def log_lines() -> Iterator[LineKeeper]:
    """Collects what is logged under the current correlation id while the block runs."""
    keeper = LineKeeper(correlation.current())
    logging.getLogger().addHandler(keeper)
    try:
        yield keeper
    finally:
        logging.getLogger().removeHandler(keeper)


def begin(lease: Lease) -> Attempt:
    attempt = Attempt.objects.create(
        vod=lease.vod,
        step="verify" if lease.vod.redo == Redo.VERIFY else lease.stage,
        generation=lease.generation,
        started_at=DbNow(),
        host=host_name(),
        correlation_id=correlation.current(),
        trace_id=tracing.trace_id(),
    )
    attempt.refresh_from_db(fields=["started_at"])
    return attempt


def continues(lease: Lease) -> bool:
    """True when the last try of this step was interrupted, not ended: this one goes on and is not started anew."""
    last = (
        Attempt.objects.filter(vod=lease.vod, step=lease.stage)
        .order_by("-id")
        .values_list("outcome", flat=True)
        .first()
    )
    return last in {Attempt.Outcome.DRAINED, Attempt.Outcome.LOST}


def end(
    attempt: Attempt, outcome: Attempt.Outcome, *, size: int, log: str, error: str = "", kind: str = ""
) -> list[Count]:
    """Closes the attempt; in the transaction of the VOD's own change. What to count with it.

    `size` is what it moved, in bytes. One that a new owner has closed already keeps its figures, and gets its log.
    """
    mine = Attempt.objects.filter(pk=attempt.pk)
    if mine.filter(outcome=Attempt.Outcome.RUNNING).update(
        outcome=outcome, ended_at=DbNow(), bytes=size, log=log, error=error, error_kind=kind
    ):
        return moved.counts(attempt.step, size)
    mine.update(log=log)
    return []

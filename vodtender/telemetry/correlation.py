"""One id for everything that one request, or one scheduled cycle, sets off."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_current: ContextVar[str] = ContextVar("correlation_id", default="")
_process = (0, "")  # this process' pid and id; after a fork the pid is another one


def fresh() -> str:
    return uuid.uuid4().hex


def current() -> str:
    """The id of what runs now, or an empty text outside of any."""
    return _current.get()


def of_process() -> str:
    """The id of what belongs to no request and no cycle: one for each start of a process."""
    global _process  # noqa: PLW0603 - one id of one process
    if _process[0] != (pid := os.getpid()):
        _process = (pid, fresh())
    return _process[1]


def accepted(value: str | None) -> str:
    """`value` when it is safe to keep and to log, else a fresh id."""
    return value if value and _ACCEPTED.fullmatch(value) else fresh()


@contextmanager
def correlated(value: str = "") -> Iterator[str]:
    """Runs the block under `value`, or under a fresh id."""
    token = _current.set(value or fresh())
    try:
        yield _current.get()
    finally:
        _current.reset(token)

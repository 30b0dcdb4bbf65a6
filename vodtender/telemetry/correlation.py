"""One id for everything that one request, or one scheduled cycle, sets off."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

HEADER = "X-Correlation-ID"
_ACCEPTED = re.compile(r"[A-Za-z0-9._:/+=@-]{1,128}")
_current: ContextVar[str] = ContextVar("correlation_id", default="")


def fresh() -> str:
    return uuid.uuid4().hex


def current() -> str:
    """The id of what runs now, or an empty text outside of any."""
    return _current.get()


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

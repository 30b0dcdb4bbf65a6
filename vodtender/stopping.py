"""Tells long answers of this web process that it stops."""

from __future__ import annotations

import threading

_stopping = threading.Event()


def announce() -> None:
    _stopping.set()


def announced() -> bool:
    return _stopping.is_set()

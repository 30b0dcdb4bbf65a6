"""What django-q2 runs: each takes ids and calls one function, then wakes the workers where that made work."""

from __future__ import annotations

from vods import discovery, dispatch, mending, processing, retention
from vods.leasing import Stage


def process_once(stage: str) -> str:
    return processing.process_once(Stage(stage))


def discover_newest() -> None:
    discovery.discover_all()
    dispatch.fill()


def walk_catalogue() -> None:
    discovery.discover_all(full=True)
    dispatch.fill()


def apply_retention() -> None:
    retention.apply()


def mend_orphans() -> None:
    mending.mend()
    dispatch.fill()

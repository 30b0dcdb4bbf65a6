"""Tells the work of this process to stop: it keeps its partial file and gives its VOD back."""

from __future__ import annotations

import os
import signal
import threading
import time

LIFELINE_FD = "VODTENDER_LIFELINE_FD"
FORCED_AFTER_STOP = 22.0  # seconds: a worker ends within 30
FORCED_AFTER_DEATH = 3.5  # seconds: when the parent was killed, every descendant ends within 5

draining = threading.Event()


def watch_in_worker(**_: object) -> None:
    """Receiver of django-q2's post_spawn: sets `draining` when the lifeline of `manage.py worker` is cut."""
    draining.clear()
    if (fd := _lifeline()) is not None:
        threading.Thread(target=_wait_then_drain, args=(fd,), name="lifeline", daemon=True).start()


def watch_in_cluster_parent(started: threading.Event) -> None:
    """In the cluster's first process: stops the cluster when the lifeline is cut, by force when it does not end.

    Not before `started`: a signal in the middle of django-q2's start can leave the first process and its child waiting
    for each other, each holding what the other needs.
    """
    parent = os.getppid()
    if (fd := _lifeline()) is not None:
        threading.Thread(target=_wait_then_stop, args=(fd, parent, started), name="lifeline", daemon=True).start()


def _lifeline() -> int | None:
    value = os.environ.get(LIFELINE_FD, "")
    return int(value) if value.isdigit() else None


def _wait_for_cut(fd: int) -> None:
    try:
        while os.read(fd, 1):
            continue
    except OSError:
        return


def _wait_then_drain(fd: int) -> None:
    _wait_for_cut(fd)
    draining.set()


def _wait_then_stop(fd: int, parent: int, started: threading.Event) -> None:
    _wait_for_cut(fd)
    cut = time.monotonic()

    def time_left() -> float:
        allowed = FORCED_AFTER_STOP if os.getppid() == parent else FORCED_AFTER_DEATH
        return cut + allowed - time.monotonic()

    if started.wait(max(0.0, time_left())):
        os.kill(os.getpid(), signal.SIGTERM)
    while time_left() > 0:
        time.sleep(0.2)
    os.killpg(os.getpgrp(), signal.SIGKILL)

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


def watch_in_cluster_parent() -> None:
    """In the cluster's first process: stops the cluster when the lifeline is cut, by force when it does not end."""
    parent = os.getppid()
    if (fd := _lifeline()) is not None:
        threading.Thread(target=_wait_then_stop, args=(fd, parent), name="lifeline", daemon=True).start()


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


def _wait_then_stop(fd: int, parent: int) -> None:
    _wait_for_cut(fd)
    os.kill(os.getpid(), signal.SIGTERM)
    stop = time.monotonic() + FORCED_AFTER_STOP
    parent_died = os.getppid() != parent
    while time.monotonic() < stop and not parent_died:
        time.sleep(0.2)
        parent_died = os.getppid() != parent
    if parent_died:
        time.sleep(FORCED_AFTER_DEATH)
    os.killpg(os.getpgrp(), signal.SIGKILL)

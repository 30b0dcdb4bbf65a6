"""Carries the correlation id from the code that queues a django-q2 task to the worker that runs it."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from django_q.signals import post_execute_in_worker, pre_enqueue, pre_execute

from vodtender.telemetry import correlation

KEY = "corr"
_running: list[AbstractContextManager[str]] = []  # one task at a time in a worker process


def connect() -> None:
    pre_enqueue.connect(_attach, dispatch_uid="corr-attach")
    pre_execute.connect(_enter, dispatch_uid="corr-enter")
    post_execute_in_worker.connect(_leave, dispatch_uid="corr-leave")


def _attach(task: dict[str, Any], **_: Any) -> None:
    task[KEY] = correlation.current() or correlation.fresh()


def _enter(task: dict[str, Any], **_: Any) -> None:
    block = correlation.correlated(correlation.accepted(task.pop(KEY, None)))
    block.__enter__()
    _running.append(block)


def _leave(**_: Any) -> None:
    while _running:
        _running.pop().__exit__(None, None, None)

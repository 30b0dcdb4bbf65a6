"""Spans of what the program does, sent to a collector of traces; nothing at all while no collector is named.

The other rooms use this module alone. OpenTelemetry (tracer.py) is imported when OTEL_EXPORTER_OTLP_ENDPOINT is set.
Each process makes its own connection: one that was forked begins anew.

Every span carries `correlation_id`. One that ends with an exception, or is told to `fail`, carries `error` = true and
`error.kind`; exceptions that say `is_failure = False` (a stop, a cancel) are no failure.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from multiprocessing.util import Finalize
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from vodtender.telemetry.tracer import Tracer

log = logging.getLogger(__name__)

Value = str | bool | int | float
Attributes = Mapping[str, Value]

FINISH_SECONDS = 0.8  # how long the end of a process waits for its last spans to leave


class Span:
    """What a block tells of itself. This one, which is given out while nothing is traced, forgets it."""

    recording = False

    def tell(self, attributes: Attributes) -> None:
        """Adds attributes."""

    def fail(self, kind: str, message: str = "") -> None:
        """Marks the span as failed. `message` must be fit for a person to read: no secret, no SQL."""

    def drop(self) -> None:
        """The span is not sent after all."""


_QUIET = Span()
_OFF = nullcontext(_QUIET)
_making = threading.Lock()
_made: Tracer | None = None


def on() -> bool:
    """Whether there is a collector to send spans to."""
    return bool(settings.configured and settings.OTEL_EXPORTER_OTLP_ENDPOINT)  # media work without Django


def span(name: str, attributes: Attributes | None = None) -> AbstractContextManager[Span]:
    """A part of what is traced now; nothing when nothing is."""
    tracer = _tracer()
    return _OFF if tracer is None or not tracer.is_inside() else tracer.inner(name, attributes)


def root(
    name: str, attributes: Attributes | None = None, *, parent: str = "", began_ns: int | None = None
) -> AbstractContextManager[Span]:
    """A trace of its own, or the continuation of the one that `parent` (a traceparent) names.

    `began_ns`: when it really began, in ns since the epoch.
    """
    tracer = _tracer()
    return _OFF if tracer is None else tracer.root(name, attributes, parent=parent, began_ns=began_ns)


def request(name: str, path: str, attributes: Attributes) -> AbstractContextManager[Span]:
    """The trace of a request that we answer; nothing when OTEL_PYTHON_DJANGO_EXCLUDED_URLS names its path."""
    tracer = _tracer()
    return _OFF if tracer is None or tracer.leaves_out(path) else tracer.root(name, attributes, serves=True)


def note(name: str, attributes: Attributes, *, began_ns: int, error: BaseException | None = None) -> None:
    """A part of what is traced now that is over already."""
    tracer = _tracer()
    if tracer is not None and tracer.is_inside():
        tracer.note(name, attributes, began_ns=began_ns, error=error)


def current() -> Span:
    """The span that runs now."""
    tracer = _tracer()
    return _QUIET if tracer is None else tracer.current()


def traceparent() -> str:
    """What runs now, for `root` to go on with elsewhere and later; empty when nothing is traced."""
    tracer = _tracer()
    return "" if tracer is None else tracer.traceparent()


def trace_id() -> str:
    """The id under which the collector has what runs now; empty when it is not sent."""
    tracer = _tracer()
    return "" if tracer is None else tracer.trace_id()


class Batches:
    """One span for every `size` things done, so that many small things make few spans."""

    def __init__(self, name: str, size: int) -> None:
        self._name = name
        self._size = size
        self._clear()

    def _clear(self) -> None:
        self._began_ns, self._count, self._bytes = 0, 0, 0

    def begin(self) -> None:
        """Something is begun: the span begins here, unless it has begun already."""
        self._began_ns = self._began_ns or time.time_ns()

    def done(self, size: int = 0) -> None:
        """It is done, and brought `size` bytes."""
        self._count += 1
        self._bytes += size
        if self._count >= self._size:
            self._send(None)

    def __enter__(self) -> Batches:
        return self

    def __exit__(self, _: object, error: BaseException | None, *__: object) -> None:
        if self._count or (error is not None and self._began_ns):
            self._send(error)

    def _send(self, error: BaseException | None) -> None:
        attributes = {f"{self._name}.count": self._count, f"{self._name}.bytes": self._bytes}
        note(self._name, attributes, began_ns=self._began_ns or time.time_ns(), error=error)
        self._clear()


def start() -> None:
    """Makes this process's connection now, when there is a collector; otherwise its first span does."""
    global _made  # noqa: PLW0603 - one of a process
    if not on():
        return
    from vodtender.telemetry.tracer import Tracer  # noqa: PLC0415 - not imported while tracing is off

    with _making:
        if _made is not None:
            return
        try:
            _made = Tracer(
                settings.OTEL_EXPORTER_OTLP_ENDPOINT,
                service=settings.OTEL_SERVICE_NAME,
                sampler=settings.OTEL_TRACES_SAMPLER,
                ratio=settings.OTEL_TRACES_SAMPLER_ARG,
                excluded=settings.OTEL_PYTHON_DJANGO_EXCLUDED_URLS,
            )
        except Exception:  # work goes on without traces: OpenTelemetry reads variables of its own, and may refuse them
            settings.OTEL_EXPORTER_OTLP_ENDPOINT = ""
            log.exception("Tracing cannot be started; this process goes on without it.")
            return
        Finalize(None, finish, exitpriority=0)  # atexit is not heard in the children of multiprocessing


def load() -> None:
    """Imports what `start` needs and connects to nothing: for a process that forks others, which then share it."""
    if on():
        import vodtender.telemetry.tracer  # noqa: F401, PLC0415


def finish() -> None:
    """Sends what is left, for at most FINISH_SECONDS; spans that come later begin anew."""
    global _made
    with _making:
        tracer, _made = _made, None
    if tracer is not None:
        tracer.finish(FINISH_SECONDS)


def _tracer() -> Tracer | None:
    if not on():
        return None
    if _made is None:
        start()
    return _made


def _forget() -> None:
    """A forked process must not use its parent's connection, nor wait for a lock that nobody in it will release."""
    global _made, _making
    _made, _making = None, threading.Lock()


os.register_at_fork(after_in_child=_forget)

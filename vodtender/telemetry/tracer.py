"""OpenTelemetry, as tracing.py uses it. Imported only when there is a collector.

Spans leave on a thread of their own, in batches, soon after they end: kill -9 costs those that had not ended, and the
last quarter of a second. What the collector does not take within seconds is dropped; nothing waits for it.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

# Before grpc is imported: it writes lines of its own to stderr, and we fork without sharing anything of it.
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider, sampling
from opentelemetry.sdk.trace import Span as SdkSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from opentelemetry.util.http import parse_excluded_urls

from vodtender.telemetry import correlation
from vodtender.telemetry.logs import redacted
from vodtender.telemetry.tracing import Attributes, Span

log = logging.getLogger(__name__)

EXPORT_SECONDS = 2.0
DELAY_MS = 250.0
QUEUE, BATCH = 2048, 256
LONGEST_TEXT = 300  # characters of an attribute
UNHEALTHY_FINISH_SECONDS = 0.1
_NO_PROXY = (("grpc.enable_http_proxy", 0),)
_PROPAGATOR = TraceContextTextMapPropagator()


class Tracer:
    """The tracer of one process. `endpoint`: http://HOST:PORT, or https:// for TLS."""

    def __init__(self, endpoint: str, *, service: str, sampler: str, ratio: float, excluded: str = "") -> None:
        for name in ("opentelemetry.exporter", "opentelemetry.sdk._shared_internal"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # Delivery says it, once
        self._excluded = parse_excluded_urls(excluded)
        self._delivery = Delivery(_exporter(endpoint), endpoint)
        self._provider = TracerProvider(
            sampler=_sampler(sampler, ratio),
            resource=Resource.create(
                {"service.name": service, "host.name": socket.gethostname(), "process.pid": os.getpid()}
            ),
            shutdown_on_exit=False,
            span_limits=SpanLimits(max_span_attribute_length=LONGEST_TEXT),
        )
        self._provider.add_span_processor(_Correlate())
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._delivery, max_queue_size=QUEUE, schedule_delay_millis=DELAY_MS, max_export_batch_size=BATCH
            )
        )
        self._tracer = self._provider.get_tracer("vodtender")

    def leaves_out(self, path: str) -> bool:
        return bool(self._excluded.url_disabled(path))

    def is_inside(self) -> bool:
        return trace.get_current_span().get_span_context().is_valid

    def current(self) -> Span:
        return _Live(trace.get_current_span())

    def traceparent(self) -> str:
        carrier: dict[str, str] = {}
        _PROPAGATOR.inject(carrier)
        return carrier.get("traceparent", "")

    def trace_id(self) -> str:
        context = trace.get_current_span().get_span_context()
        return trace.format_trace_id(context.trace_id) if context.trace_flags.sampled else ""

    @contextmanager
    def inner(self, name: str, attributes: Attributes | None) -> Iterator[Span]:
        with _running(self._tracer.start_span(name, attributes=attributes)) as live:
            yield live

    @contextmanager
    def root(
        self,
        name: str,
        attributes: Attributes | None,
        *,
        parent: str = "",
        began_ns: int | None = None,
        serves: bool = False,
    ) -> Iterator[Span]:
        context = _PROPAGATOR.extract({"traceparent": parent}, context=Context()) if parent else Context()
        kind = trace.SpanKind.SERVER if serves else trace.SpanKind.INTERNAL
        started = self._tracer.start_span(name, context, kind=kind, attributes=attributes, start_time=began_ns)
        with _running(started) as live:
            yield live

    def note(self, name: str, attributes: Attributes, *, began_ns: int, error: BaseException | None) -> None:
        span = self._tracer.start_span(name, attributes=attributes, start_time=began_ns)
        if error is not None:
            _Live(span).ended_with(error)
        span.end()

    def finish(self, seconds: float) -> None:
        """Sends what is left, for at most `seconds`; a collector that did not answer lately gets less."""
        ending = threading.Thread(target=self._provider.shutdown, name="last-spans", daemon=True)
        ending.start()
        ending.join(seconds if self._delivery.works else min(seconds, UNHEALTHY_FINISH_SECONDS))


class _Live(Span):
    """A span of OpenTelemetry's."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.recording = span.is_recording()
        self.dropped = False

    def tell(self, attributes: Attributes) -> None:
        self._span.set_attributes(attributes)

    def fail(self, kind: str, message: str = "") -> None:
        self._span.set_attributes({"error": True, "error.kind": kind})
        self._span.set_status(trace.StatusCode.ERROR, redacted(message)[:LONGEST_TEXT] or kind)

    def drop(self) -> None:
        self.dropped = True

    def ended_with(self, error: BaseException) -> None:
        """Only what is written for people (ServiceError.message) is told of an exception's text."""
        if getattr(error, "is_failure", True):
            self.fail(str(getattr(error, "kind", "")) or type(error).__name__, str(getattr(error, "message", "")))


@contextmanager
def _running(span: trace.Span) -> Iterator[_Live]:
    live = _Live(span)
    try:
        with trace.use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
            yield live
    except BaseException as error:
        live.ended_with(error)
        raise
    finally:
        if not live.dropped:  # a span that never ends is never sent
            span.end()


class _Correlate(SpanProcessor):
    """Puts the correlation id on every span."""

    def on_start(self, span: SdkSpan, parent_context: Context | None = None) -> None:
        span.set_attribute("correlation_id", correlation.current() or "-")


class Delivery(SpanExporter):
    """Sends spans, and says once that it cannot, and once that it can again."""

    def __init__(self, exporter: SpanExporter, address: str) -> None:
        self._exporter = exporter
        self._address = address
        self.works = True

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        result = self._exporter.export(spans)
        worked, self.works = self.works, result is SpanExportResult.SUCCESS
        if worked and not self.works:
            log.warning("Traces cannot be delivered to %s: they are dropped until it answers.", self._address)
        elif self.works and not worked:
            log.info("Traces are delivered to %s again.", self._address)
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()


def _exporter(endpoint: str) -> OTLPSpanExporter:
    """A collector of the own network (http://) is not asked through a proxy, whatever https_proxy says."""
    inside = endpoint.startswith("http://")
    options = _NO_PROXY if inside else None
    return OTLPSpanExporter(endpoint, inside, timeout=EXPORT_SECONDS, channel_options=options)  # type: ignore[arg-type]


def _sampler(name: str, ratio: float) -> sampling.Sampler:
    """The samplers of OTEL_TRACES_SAMPLER, as OpenTelemetry's specification names them."""
    roots = {
        "always_on": sampling.ALWAYS_ON,
        "always_off": sampling.ALWAYS_OFF,
        "traceidratio": sampling.TraceIdRatioBased(ratio),
    }
    root = roots[name.removeprefix("parentbased_")]
    return sampling.ParentBased(root) if name.startswith("parentbased_") else root

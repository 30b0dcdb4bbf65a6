"""A collector of traces: an OTLP gRPC receiver that keeps every span.

`python -m tests.telemetry.tracing.collector` runs one by itself; it says its address, and at the end how many came.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status


@dataclass(frozen=True)
class Seen:
    """One span as it came. Ids are hex, `parent` is empty for a root."""

    name: str
    trace_id: str
    span_id: str
    parent: str
    attributes: dict[str, Any]
    failed: bool
    said: str
    kind: int
    seconds: float
    resource: dict[str, Any] = field(default_factory=dict)


class Collector(trace_service_pb2_grpc.TraceServiceServicer):
    """`address` is HOST:PORT."""

    def __init__(self) -> None:
        self._spans: list[Seen] = []
        self._came = threading.Condition()
        self._server = grpc.server(futures.ThreadPoolExecutor(2), options=[("grpc.so_reuseport", 0)])
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        self._server.start()

    def stop(self) -> None:
        self._server.stop(None).wait()

    def Export(self, request: Any, context: Any) -> Any:
        spans = [
            _seen(span, _values(resource.resource.attributes))
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        with self._came:
            self._spans += spans
            self._came.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    @property
    def spans(self) -> list[Seen]:
        with self._came:
            return list(self._spans)

    def named(self, name: str) -> list[Seen]:
        return [span for span in self.spans if span.name == name]

    def wait_for(self, name: str, count: int = 1, within: float = 60.0) -> list[Seen]:
        """The first spans of this name, once there are `count`."""
        with self._came:
            came = self._came.wait_for(lambda: self._count(name) >= count, within)
        assert came, f"{count} of {name!r} did not come, but {sorted(span.name for span in self.spans)}"
        return self.named(name)

    def _count(self, name: str) -> int:
        return sum(span.name == name for span in self._spans)


@contextmanager
def collecting() -> Iterator[Collector]:
    collector = Collector()
    try:
        yield collector
    finally:
        collector.stop()


def _seen(span: Span, resource: dict[str, Any]) -> Seen:
    return Seen(
        span.name,
        span.trace_id.hex(),
        span.span_id.hex(),
        span.parent_span_id.hex(),
        _values(span.attributes),
        span.status.code == Status.STATUS_CODE_ERROR,
        span.status.message,
        span.kind,
        (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9,
        resource,
    )


def _values(attributes: Any) -> dict[str, Any]:
    return {attribute.key: _value(attribute.value) for attribute in attributes}


def _value(value: AnyValue) -> Any:
    return getattr(value, value.WhichOneof("value"))


if __name__ == "__main__":
    with collecting() as running:
        sys.stdout.write(f"{running.address}\n")
        sys.stdout.flush()
        sys.stdin.read()  # until whoever started it closes the pipe
        sys.stdout.write(f"{len(running.spans)}\n")

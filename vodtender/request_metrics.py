"""django-prometheus' series of requests, with labels that no visitor can make up."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest
from django_prometheus.middleware import PrometheusAfterMiddleware
from prometheus_client import REGISTRY
from prometheus_client.core import Metric
from prometheus_client.registry import Collector


class RequestMetricsMiddleware(PrometheusAfterMiddleware):  # type: ignore[misc]
    """The one that it extends takes the request's method as it came for one of its series."""

    def label_metric(self, metric: Any, request: HttpRequest, response: Any = None, **labels: Any) -> Any:
        if "method" in labels:
            labels["method"] = self._method(request)
        return super().label_metric(metric, request, response, **labels)


class ProcessCollector(Collector):
    """What the library counts in this process alone, and says so: several web processes have several of each."""

    def describe(self) -> list[Metric]:
        return []

    def collect(self) -> Iterator[Metric]:
        for family in REGISTRY.collect():
            copy = Metric(family.name, f"{family.documentation} (only the web process that answers)", family.type)
            copy.samples = family.samples
            yield copy

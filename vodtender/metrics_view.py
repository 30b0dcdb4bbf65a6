"""/metrics: our durable series and gauges, and django-prometheus' own series of this process beside them."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, disable_created_metrics, generate_latest

from vodtender.access import may_observe
from vodtender.gauges import GaugeCollector
from vodtender.telemetry.exposition import SeriesCollector

disable_created_metrics()  # type: ignore[no-untyped-call]
OURS = CollectorRegistry()
OURS.register(SeriesCollector())
OURS.register(GaugeCollector())


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not may_observe(request):
        text = "Metrics need `Authorization: Bearer METRICS_TOKEN`, or a scraper on this machine.\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    return HttpResponse(generate_latest(OURS) + generate_latest(REGISTRY), content_type=CONTENT_TYPE_LATEST)

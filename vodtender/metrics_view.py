"""/metrics: our durable series and gauges, and the series of this process beside them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import choose_encoder

from vods.models import Channel
from vodtender import health
from vodtender.access import may_observe
from vodtender.aside import Away
from vodtender.gauges import GaugeCollector
from vodtender.request_metrics import ProcessCollector
from vodtender.telemetry import metrics as series
from vodtender.telemetry.exposition import SeriesCollector
from vodtender.work_gauges import WorkCollector

disable_created_metrics()  # type: ignore[no-untyped-call]


def known_labels() -> Mapping[str, list[tuple[str, ...]]]:
    """Every channel has its row from the first scrape on."""
    return {series.CHAT_MESSAGES.name: [(login,) for login in Channel.objects.values_list("login", flat=True)]}


ALL = CollectorRegistry()
ALL.register(SeriesCollector(known_labels))
ALL.register(GaugeCollector())
ALL.register(WorkCollector())
ALL.register(ProcessCollector())


@login_not_required
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The text format, or OpenMetrics for a scraper that asks for it. 503 while the database does not answer."""
    if not may_observe(request):
        text = "Metrics need `Authorization: Bearer METRICS_TOKEN`, or when it is not set a scraper on localhost.\n"
        return HttpResponse(text, status=403, content_type="text/plain; charset=utf-8")
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    try:
        return HttpResponse(health.read(partial(encode, ALL)), content_type=content_type)
    except Away as error:
        return HttpResponse(f"{error}\n", status=503, content_type="text/plain; charset=utf-8")

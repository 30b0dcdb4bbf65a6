"""/monitor: the ten panels as a page, and /monitor/data: the same with all points, as JSON."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_safe

from vodtender.monitor import history, panels
from vodtender.monitor.history import RANGES, History, Range
from vodtender.monitor.lines import Panel
from vodtender.monitor.sampling import INTERVAL


@require_safe
@never_cache
def page(request: HttpRequest) -> HttpResponse:
    choice, now = _range(request), int(time.time())
    found = history.read(choice, now)
    context = {
        "panels": panels.all_panels(found),
        "notice": panels.notice(found, now),
        "range": choice,
        "ranges": RANGES.values(),
        "refresh": max(INTERVAL, choice.step // 4),
    }
    return render(request, "monitor/page.html", context)


@require_safe
@never_cache
@gzip_page
def data(request: HttpRequest) -> JsonResponse:
    """Times are seconds since 1970; a value is null where nothing is known."""
    choice, now = _range(request), int(time.time())
    found = history.read(choice, now)
    return JsonResponse(
        {
            "range": choice.name,
            "from": found.start,
            "to": found.end,
            "notice": panels.notice(found, now),
            "at": found.times(),
            "panels": [_as_json(panel, found) for panel in panels.all_panels(found)],
        }
    )


def _range(request: HttpRequest) -> Range:
    """The range asked for; the shortest one when it is unknown."""
    return RANGES.get(request.GET.get("range", ""), RANGES["1h"])


def _as_json(panel: Panel, found: History) -> dict[str, Any]:
    as_dict = asdict(panel)
    for line in as_dict["lines"]:
        line["values"] = [None if value is None else float(f"{value:.4g}") for value in line["values"]]
    return as_dict

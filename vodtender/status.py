"""/status: the state of the queue in numbers, for scripts."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count
from django.http import HttpRequest, JsonResponse
from django.views.decorators.http import require_safe

from vods import dispatch, leasing, mediadir, ytdlp_age
from vods.leasing import Stage
from vods.models import PENDING, Channel, State, Vod
from vodtender import health
from vodtender.access import may_observe
from vodtender.aside import Away
from vodtender.gauges import circuit_state, queue_depth
from vodtender.telemetry import metrics, store


def numbers() -> dict[str, Any]:
    """The fields that integrations of the predecessor read."""
    averages = store.averages()
    last_run = store.marked(dispatch.LAST_RUN)
    channels = Channel.objects.filter(archive=True).values_list("circuit_failures", "circuit_open_until")
    open_until = max((until for _, until in channels if until), default=None)
    waiting = Vod.objects.filter(state__in=PENDING, live=False)
    ytdlp = ytdlp_age.installed()
    return {
        "pending": queue_depth(),
        "errored": waiting.exclude(error="").count(),
        "needs_attention": Vod.objects.filter(state=State.NEEDS_ATTENTION).count(),
        "processed": Vod.objects.filter(state=State.DONE).count(),
        "circuit_state": circuit_state(),
        "circuit_failures": max((failures for failures, _ in channels), default=0),
        "circuit_open_until": open_until.isoformat() if open_until else None,
        **{average.name: round(averages.get(average.name, 0.0), 1) for average in metrics.AVERAGES},
        "last_process_run": last_run.isoformat() if last_run else None,
        "active_downloads": leasing.live_leases(Stage.DOWNLOAD),
        "max_concurrent_downloads": settings.MAX_CONCURRENT_DOWNLOADS,
        "queue_by_priority": {
            str(priority): count
            for priority, count in waiting.values_list("priority").annotate(Count("id")).order_by("-priority")
        },
        "media_dir": str(mediadir.WATCH.latest(settings.MEDIA_DIR, settings.DATA_DIR).condition),
        "ytdlp_version": ytdlp.version,
        "ytdlp_age_days": ytdlp.days,
    }


@login_not_required
@require_safe
def status(request: HttpRequest) -> JsonResponse:
    try:
        seen, _ = health.PROBE.latest()
        if not seen.alive:
            raise Away(seen.not_ready.error if seen.not_ready else "")
        if not may_observe(request) and not health.read(lambda: request.user.is_authenticated):
            text = "Status needs a login, or the METRICS_TOKEN as a bearer; when none is set, a client on localhost."
            return JsonResponse({"error": text}, status=403)
        return JsonResponse(health.read(numbers))
    except Away as error:
        return JsonResponse({"error": str(error)}, status=503)

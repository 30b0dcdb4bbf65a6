"""The pages: what runs now, the list of VODs, one VOD. They only read; actions.py changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.timezone import now as clock_now
from django.views.decorators.http import require_safe

from vods import advice, dailylimits, eligible, media_view, queries
from vods.access import is_known, may_change, may_change_channels, may_switch, may_watch, open_with_public_archive
from vods.models import WORKING, Redo, State, Switchboard, Vod
from vods.owner import host_name


@require_safe
@open_with_public_archive
def start(request: HttpRequest) -> HttpResponse:
    if not is_known(request):
        return HttpResponseRedirect(reverse("vods"))
    return render(request, "vods/start.html", _start(request))


@require_safe
def start_live(request: HttpRequest) -> HttpResponse:
    """The part of the start page that changes by itself."""
    return render(request, "vods/start_live.html", _start(request))


def _start(request: HttpRequest) -> dict[str, Any]:
    now = clock_now()
    page = queries.start_page(now)
    return {
        "page": page,
        "attention": [_told(vod, now) for vod in page.attention],
        "retrying": [_told(vod, now) for vod in page.retrying],
        "may_change": may_change(request),
        "may_change_channels": may_change_channels(request),
        "may_switch": may_switch(request),
    }


def _told(vod: Vod, now: datetime) -> dict[str, Any]:
    """A VOD with its sentence and its buttons."""
    return {"vod": vod, "sentence": advice.sentence(vod, now), "actions": advice.actions(vod)}


@require_safe
@open_with_public_archive
def vod_list(request: HttpRequest) -> HttpResponse:
    wanted = {name: request.GET.get(name, "").replace("\x00", "").strip()[:200] for name in ("state", "channel", "q")}
    page = queries.vod_page(
        state=wanted["state"],
        channel=wanted["channel"],
        text=wanted["q"],
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        only_done=not is_known(request),
    )
    filters = {name: value for name, value in wanted.items() if value}
    return render(
        request,
        "vods/list.html",
        {
            "page": page,
            "wanted": wanted,
            "filtered": bool(filters),
            "states": [(value, str(label).split(",")[0]) for value, label in State.choices],
            "channels": queries.channels(),
            "newest_url": "?" + urlencode(filters),
            "newer_url": "?" + urlencode({**filters, "after": page.newer}) if page.newer else "",
            "older_url": "?" + urlencode({**filters, "before": page.older}) if page.older else "",
        },
    )


@require_safe
@open_with_public_archive
def vod(request: HttpRequest, twitch_id: str) -> HttpResponse:
    found = _vod(twitch_id)
    if not may_watch(request.user, found):
        return redirect_to_login(request.get_full_path())
    return render(request, "vods/vod.html", _vod_context(request, found))


@require_safe
def vod_live(request: HttpRequest, twitch_id: str) -> HttpResponse:
    """State, progress and history of one VOD: what changes by itself."""
    found = _vod(twitch_id)
    return render(request, "vods/vod_live.html", _vod_context(request, found))


@require_safe
def attempt_log(request: HttpRequest, twitch_id: str, attempt_id: int) -> HttpResponse:
    """The log of one attempt: as a part of the page when htmx asks, else as plain text."""
    log = queries.attempt_log(twitch_id, attempt_id)
    if log is None:
        raise Http404("There is no such attempt.")
    if request.headers.get("HX-Request"):
        return render(request, "vods/attempt_log.html", {"log": log})
    return HttpResponse(log or "No log lines.", content_type="text/plain; charset=utf-8")


def _vod_context(request: HttpRequest, found: Vod) -> dict[str, Any]:
    now = clock_now()
    start = request.GET.get("t", "")
    has_file = media_view.video_path(found) is not None
    if has_file:
        found.file_missing_at = None  # it is back; the hourly look has not seen it yet
    uploads = eligible.uploads_enabled() and found.channel.upload
    return {
        "page": queries.vod_page_of(found, now),
        "vod": found,
        "known": is_known(request),
        "sentence": advice.sentence(found, now),
        "held": _held(found) if is_known(request) else "",
        "actions": advice.actions(found),
        "stages": advice.stages(found, has_file=has_file or _elsewhere(found), uploads=uploads),
        "may_change": may_change(request),
        "working": found.state in WORKING,
        "verifying": found.state == State.DOWNLOADING and found.redo == Redo.VERIFY,
        "priority": _priority(found),
        "quality": found.channel.quality or settings.DOWNLOAD_QUALITY,
        "has_file": has_file,
        "start_at": int(start) if start.isascii() and start.isdigit() and len(start) < 8 else 0,
        "uploads_enabled": uploads,
    }


def _held(found: Vod) -> str:
    return advice.held(found, Switchboard.read()) or (dailylimits.waits(found) if eligible.uploads_enabled() else "")


def _priority(found: Vod) -> dict[str, int] | None:
    """The VOD's own priority with its neighbours; None where it makes no difference any more."""
    if found.state not in advice.PRIORITY_MATTERS:
        return None
    return {"now": found.priority, "higher": found.priority + 1, "lower": found.priority - 1}


def _elsewhere(found: Vod) -> bool:
    """Whether another machine holds the file."""
    return bool(found.file_path) and found.file_host not in {"", host_name()}


def _vod(twitch_id: str) -> Vod:
    found = queries.vod_by_twitch_id(twitch_id)
    if found is None:
        raise Http404(f"There is no VOD {twitch_id}.")
    return found

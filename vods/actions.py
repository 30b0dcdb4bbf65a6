"""What a person does with a VOD from a page: by POST alone, with the permission to change VODs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.admin.models import CHANGE as CHANGED
from django.contrib.admin.models import LogEntry
from django.contrib.auth.decorators import permission_required
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from vods import queries, queue
from vods.access import CHANGE
from vods.models import Vod

PRIORITY_MOST = 1000
# For each stage: what is said when it was put back, and when it was not.
REQUEUED = {
    "": ("Queued again: {}", "Nothing to requeue: {} is at work or waits."),
    "download": ("Is downloaded again: {}", "Cannot be downloaded again now: {} is at work."),
    "verify": ("Its file is verified: {}", "Nothing to verify: {} is at work, or has no file here."),
    "upload": ("Goes on with the upload: {}", "Nothing to upload: {} is at work, or has no file here."),
}

changes_vods = permission_required(CHANGE, raise_exception=True)


@require_POST
@changes_vods
def requeue(request: HttpRequest, twitch_id: str) -> HttpResponse:
    """Begins anew, with the stage that the button named (`stage`: download, verify or upload; empty: what fits)."""
    stage = request.POST.get("stage", "")
    if stage not in REQUEUED:
        return HttpResponseBadRequest("There is no such stage. It is download, verify or upload.")
    said, not_said = REQUEUED[stage]
    return _act(request, twitch_id, queue.requeue, said, not_said, stage=stage)


@require_POST
@changes_vods
def cancel(request: HttpRequest, twitch_id: str) -> HttpResponse:
    """Stops it. With `keep_partial` = 1 what was downloaded so far stays."""
    keep = request.POST.get("keep_partial") == "1"
    said = "Canceled, what was downloaded is kept: {}" if keep else "Canceled: {}"
    not_said = "Nothing to cancel: {} neither waits nor is at work."
    return _act(request, twitch_id, queue.cancel, said, not_said, keep_partial=keep)


@require_POST
@changes_vods
def accept_gap(request: HttpRequest, twitch_id: str) -> HttpResponse:
    return _act(
        request, twitch_id, queue.accept_gap, "Goes on with the gap accepted: {}", "{} does not wait for that decision."
    )


@require_POST
@changes_vods
def skip_upload(request: HttpRequest, twitch_id: str) -> HttpResponse:
    """Sets the switch to what the button asked for (`skip` is 1 or 0)."""
    vod = _vod(twitch_id)
    skip = request.POST.get("skip") == "1"
    text = "It will not be uploaded to YouTube." if skip else "It may be uploaded to YouTube."
    if queue.set_skip_upload([vod.pk], skip):
        note(request, vod, text)
    messages.success(request, text)
    return back(request, reverse("vod", args=[vod.twitch_id]))


@require_POST
@changes_vods
def priority(request: HttpRequest, twitch_id: str) -> HttpResponse:
    """Sets the priority to what the button asked for: a number of at most PRIORITY_MOST, up or down."""
    vod = _vod(twitch_id)
    try:
        wanted = int(request.POST.get("priority", ""))
    except ValueError:
        return HttpResponseBadRequest("A priority is a whole number.")
    wanted = max(-PRIORITY_MOST, min(PRIORITY_MOST, wanted))
    text = f"Its priority is {wanted}."
    if queue.set_priority([vod.pk], wanted):
        note(request, vod, text)
    messages.success(request, text)
    return back(request, reverse("vod", args=[vod.twitch_id]))


def note(request: HttpRequest, changed: Model, text: str) -> None:
    """Writes into Django's log, which the admin shows as the history of a row."""
    LogEntry.objects.log_actions(str(request.user.pk), [changed], CHANGED, text, single_object=True)


def back(request: HttpRequest, otherwise: str) -> HttpResponseRedirect:
    """To the page that the button named, if it is one of ours."""
    there = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(there)
    return HttpResponseRedirect(otherwise)


def _act(
    request: HttpRequest, twitch_id: str, act: Callable[..., int], said: str, not_said: str, **options: Any
) -> HttpResponseRedirect:
    vod = _vod(twitch_id)
    name = vod.title or vod.twitch_id
    if act([vod.pk], by=request.user.get_username(), **options):
        note(request, vod, said.format(name))
        messages.success(request, said.format(name))
    else:
        messages.warning(request, not_said.format(name))
    return back(request, reverse("vod", args=[vod.twitch_id]))


def _vod(twitch_id: str) -> Vod:
    vod = queries.vod_by_twitch_id(twitch_id)
    if vod is None:
        raise Http404(f"There is no VOD {twitch_id}.")
    return vod

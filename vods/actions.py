"""What a person does with a VOD from a page: by POST alone, with the permission to change VODs."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from vods import queries, queue
from vods.access import CHANGE
from vods.models import Vod

changes_vods = permission_required(CHANGE, raise_exception=True)


@require_POST
@changes_vods
def requeue(request: HttpRequest, twitch_id: str) -> HttpResponse:
    return _act(request, twitch_id, queue.requeue, "Queued again: {}", "Nothing to requeue: {} is at work or waits.")


@require_POST
@changes_vods
def cancel(request: HttpRequest, twitch_id: str) -> HttpResponse:
    return _act(request, twitch_id, queue.cancel, "Canceled: {}", "Nothing to cancel: {} neither waits nor is at work.")


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
    queue.set_skip_upload([vod.pk], skip)
    messages.success(request, "It will not be uploaded to YouTube." if skip else "It may be uploaded to YouTube.")
    return _back(request, vod)


def _act(
    request: HttpRequest, twitch_id: str, act: Callable[..., int], said: str, not_said: str
) -> HttpResponseRedirect:
    vod = _vod(twitch_id)
    name = vod.title or vod.twitch_id
    if act([vod.pk], by=request.user.get_username()):
        messages.success(request, said.format(name))
    else:
        messages.warning(request, not_said.format(name))
    return _back(request, vod)


def _vod(twitch_id: str) -> Vod:
    vod = queries.vod_by_twitch_id(twitch_id)
    if vod is None:
        raise Http404(f"There is no VOD {twitch_id}.")
    return vod


def _back(request: HttpRequest, vod: Vod) -> HttpResponseRedirect:
    """To the page that the button named, if it is one of ours."""
    there = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(there, {request.get_host()}, require_https=request.is_secure()):
        return HttpResponseRedirect(there)
    return HttpResponseRedirect(reverse("vod", args=[vod.twitch_id]))

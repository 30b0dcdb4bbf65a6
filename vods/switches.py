"""What a person holds back or lets go on from a page: everything, the uploads, a channel, a circuit breaker.

By POST alone, with the permission to change the switchboard or channels.
"""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from vods import queue
from vods.access import CHANGE_CHANNEL, CHANGE_SWITCHES
from vods.actions import back, note
from vods.models import Channel, Switchboard

SWITCHES = {"everything": "Everything is", "uploads": "Uploads are"}

changes_switches = permission_required(CHANGE_SWITCHES, raise_exception=True)
changes_channels = permission_required(CHANGE_CHANNEL, raise_exception=True)


@require_POST
@changes_switches
def switch(request: HttpRequest, name: str, paused: bool) -> HttpResponse:
    """Pauses or resumes `everything` or `uploads`."""
    if name not in SWITCHES:
        raise Http404(f"There is no switch {name}.")
    changed = queue.pause(paused=paused, uploads=name == "uploads", by=request.user.get_username())
    what = f"{SWITCHES[name]} {'paused' if paused else 'resumed'}."
    if changed:
        note(request, Switchboard.read(), what)
    messages.success(request, f"{what} What is at work now is finished." if paused else what)
    return back(request, reverse("start"))


@require_POST
@changes_switches
def reset_uploads(request: HttpRequest) -> HttpResponse:
    """Closes the circuit breaker of the uploads."""
    if queue.reset_circuits(Channel.objects.none(), uploads=True, by=request.user.get_username()):
        note(request, Switchboard.read(), "The circuit breaker of the uploads is reset.")
    messages.success(request, "The circuit breaker of the uploads is closed: uploads go on.")
    return back(request, reverse("start"))


@require_POST
@changes_channels
def pause_channel(request: HttpRequest, login: str, paused: bool) -> HttpResponse:
    chosen = _chosen(login)
    channel = chosen.get()
    what = f"{channel} is {'paused' if paused else 'resumed'}."
    if queue.pause(paused=paused, channels=chosen, by=request.user.get_username()):
        note(request, channel, what)
    messages.success(request, f"{what} What is at work now is finished." if paused else what)
    return back(request, reverse("start"))


@require_POST
@changes_channels
def reset_channel(request: HttpRequest, login: str) -> HttpResponse:
    """Closes the circuit breaker of a channel's downloads."""
    chosen = _chosen(login)
    channel = chosen.get()
    if queue.reset_circuits(chosen, by=request.user.get_username()):
        note(request, channel, "The circuit breaker is reset.")
    messages.success(request, f"The circuit breaker of {channel} is closed: downloads go on.")
    return back(request, reverse("start"))


def _chosen(login: str) -> QuerySet[Channel]:
    chosen = Channel.objects.filter(login=login)
    if not chosen.exists():
        raise Http404(f"There is no channel {login}.")
    return chosen

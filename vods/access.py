"""Who sees and does what: everything behind login, except watching when PUBLIC_ARCHIVE is on."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase

from vods.models import State, Vod

View = Callable[..., HttpResponseBase]
CHANGE = "vods.change_vod"
CHANGE_CHANNEL = "vods.change_channel"
CHANGE_SWITCHES = "vods.change_switchboard"


def is_known(request: HttpRequest) -> bool:
    return request.user.is_authenticated


def may_watch(user: AbstractBaseUser | AnonymousUser, vod: Vod) -> bool:
    """Logged-in users watch everything; others what is done, and only with PUBLIC_ARCHIVE."""
    return user.is_authenticated or (settings.PUBLIC_ARCHIVE and vod.state == State.DONE)


def may_change(request: HttpRequest) -> bool:
    """Requeue, cancel and the like: for users with the permission to change VODs."""
    return request.user.has_perm(CHANGE)


def may_change_channels(request: HttpRequest) -> bool:
    """Pause and resume channels, reset their circuit breakers."""
    return request.user.has_perm(CHANGE_CHANNEL)


def may_switch(request: HttpRequest) -> bool:
    """Pause and resume everything or the uploads, reset the uploads' circuit breaker."""
    return request.user.has_perm(CHANGE_SWITCHES)


def open_with_public_archive(view: View) -> View:
    """Lets visitors in when PUBLIC_ARCHIVE is on, and sends them to the login otherwise."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not settings.PUBLIC_ARCHIVE and not is_known(request):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return login_not_required(guarded)

"""Which channels there are, and who they are at Twitch."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable

from django.conf import settings
from django.db import IntegrityError, transaction

from vods.helix import Helix, HelixUser
from vods.models import Channel

log = logging.getLogger(__name__)

_LOGIN = re.compile(r"[a-z0-9_]{1,25}")
_ADDRESS = re.compile(r"(?:https?://)?(?:www\.|m\.)?twitch\.tv/([^/?#]+)(?:/videos)?/?(?:[?#].*)?", re.IGNORECASE)


class NotALogin(ValueError):
    """The text is for the person who typed the name."""


def parse_login(text: str) -> str:
    """The login in `text`, which is a name or a channel's address on twitch.tv. Raises NotALogin."""
    match = _ADDRESS.fullmatch(text.strip())
    login = (match[1] if match else text.strip()).lower().removeprefix("@")
    if not _LOGIN.fullmatch(login):
        raise NotALogin(
            f"{text!r} is no Twitch channel: give its name (letters, digits and _, at most 25), or its address "
            "such as https://www.twitch.tv/name."
        )
    return login


def ensure_channels() -> list[Channel]:
    """Adds the channels of TWITCH_CHANNELS that are not there yet; returns those that were added.

    A name that cannot be one is logged and left out, so that the others go on.
    """
    added = []
    for name in settings.TWITCH_CHANNELS:
        try:
            channel, created = Channel.objects.get_or_create(login=parse_login(name))
        except NotALogin as error:
            log.error("TWITCH_CHANNELS: %s", error)
            continue
        if created:
            log.info("Channel %s was added from TWITCH_CHANNELS.", channel.login)
            added.append(channel)
    return added


def add_channel(login: str, user: HelixUser | None = None) -> tuple[Channel, bool]:
    """The channel of that login, and whether it is new. `user`: what Twitch says of it, when that was asked."""
    if user is not None and (known := Channel.objects.filter(twitch_user_id=user.id).first()) is not None:
        _update(known, _facts(known, user))
        return known, False
    channel, created = Channel.objects.get_or_create(login=login)
    if user is not None:
        _update(channel, _facts(channel, user))
    return channel, created


def identify(helix: Helix, channels: Iterable[Channel]) -> list[Channel]:
    """Asks Twitch who these channels are, and returns those that exist.

    A channel is followed by its user id, so one that was renamed gets its new login. One that does not exist gets a
    problem in words, logged when it is new; a problem that has passed is taken away. Raises ServiceError.
    """
    channels = list(channels)
    by_id = {user.id: user for user in helix.users(ids=[c.twitch_user_id for c in channels if c.twitch_user_id])}
    new = [channel.login for channel in channels if not channel.twitch_user_id]
    by_login = {user.login: user for user in helix.users(logins=new)}
    found = []
    for channel in channels:
        user = by_id.get(channel.twitch_user_id) if channel.twitch_user_id else by_login.get(channel.login)
        if _update(channel, _facts(channel, user)) and user is not None:
            found.append(channel)
    return found


def unknown(login: str) -> str:
    return (
        f"There is no Twitch channel named {login}. Check the spelling; a closed or suspended one is not found either."
    )


def _facts(channel: Channel, user: HelixUser | None) -> dict[str, str]:
    if user is None:
        if not channel.twitch_user_id:
            return {"problem": unknown(channel.login)}
        return {"problem": f"Twitch no longer has the channel {channel.login}: it was closed or suspended."}
    return {
        "problem": "",
        "login": user.login,
        "twitch_user_id": user.id,
        "display_name": user.display_name[:100],
        "profile_image_url": user.profile_image_url if len(user.profile_image_url) <= 500 else "",
    }


def _update(channel: Channel, facts: dict[str, str]) -> bool:
    """Writes what changed and logs what matters; False when another row has the channel's new login."""
    changed = {name: value for name, value in facts.items() if getattr(channel, name) != value}
    if not changed:
        return True
    try:
        with transaction.atomic():
            Channel.objects.filter(pk=channel.pk).update(**changed)
    except IntegrityError:
        text = f"The channel {channel.login} is now named {facts['login']}, which is listed too: delete one of them."
        return _update(channel, {"problem": text}) and False
    if changed.get("problem"):
        log.warning("Channel %s: %s", channel.login, changed["problem"])
    if "login" in changed:
        log.info("The channel %s is now named %s.", channel.login, changed["login"])
    for name, value in changed.items():
        setattr(channel, name, value)
    return True

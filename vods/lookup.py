"""Finds VODs by what a person types."""

from __future__ import annotations

import re

from django.core.management import CommandError
from django.db.models import QuerySet

from vods.models import Channel, Vod

_TYPED = re.compile(
    r"(?:https?://(?:www\.|m\.)?twitch\.tv/(?:videos/|[A-Za-z0-9_]+/v(?:ideo)?/))?v?([0-9]{1,20})(?:[?#].*)?"
)


def twitch_id_of(text: str) -> str:
    """The id in a number or an address of a VOD. Raises CommandError."""
    match = _TYPED.fullmatch(text.strip())
    if match is None:
        raise CommandError(
            f"{text[:100]!r} is not a VOD id: it should be the number in https://www.twitch.tv/videos/NUMBER."
        )
    return match[1]


def find_vods(typed: list[str]) -> list[Vod]:
    """The VODs in the order typed, each once. Raises CommandError when one is unknown: then nothing was done."""
    ids = list(dict.fromkeys(twitch_id_of(text) for text in typed))
    found = {vod.twitch_id: vod for vod in Vod.objects.filter(twitch_id__in=ids)}
    unknown = [one for one in ids if one not in found]
    if unknown:
        text = f"There is no VOD {', '.join(unknown)} here. `manage.py discover` asks Twitch for new ones."
        raise CommandError(text)
    return [found[one] for one in ids]


def find_channels(logins: list[str]) -> QuerySet[Channel]:
    """The channels of these names. Raises CommandError when one is unknown."""
    wanted = {login.lower().lstrip("@") for login in logins}
    found = Channel.objects.filter(login__in=wanted)
    unknown = sorted(wanted - set(found.values_list("login", flat=True)))
    if unknown:
        raise CommandError(f"There is no channel {', '.join(unknown)} here. `manage.py addchannel LOGIN` adds one.")
    return found

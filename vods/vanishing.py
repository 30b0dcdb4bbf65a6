"""When Twitch removes a VOD: an estimate from its start and TWITCH_VOD_LIFETIME_DAYS. Uploads and highlights stay."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings

from vods.models import Redo, State, Step, Vod

SOON = timedelta(days=2)
# Of these the download is still to come, or may still be wanted.
WITHOUT_FILE = frozenset({State.QUEUED, State.DOWNLOADING, State.CANCELED, State.IGNORED})
STUCK = frozenset({State.FAILED, State.NEEDS_ATTENTION})


def removed_at(vod: Vod) -> datetime | None:
    """About when Twitch removes it; None when it stays there, or when we need it there no more."""
    lacking = vod.state in WITHOUT_FILE or (vod.state in STUCK and vod.step == Step.DOWNLOAD)
    if vod.type != "archive" or vod.live or vod.redo == Redo.VERIFY or not lacking:
        return None
    return vod.started_at + timedelta(days=settings.TWITCH_VOD_LIFETIME_DAYS)


def urgent_before() -> float | None:
    """How many seconds ago a broadcast must have begun for its VOD to be urgent (VOD_URGENT_DAYS); None: none is."""
    if not settings.VOD_URGENT_DAYS:
        return None
    return 86_400.0 * (settings.TWITCH_VOD_LIFETIME_DAYS - settings.VOD_URGENT_DAYS)

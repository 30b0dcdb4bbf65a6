"""What follows when a recording has ended."""

from __future__ import annotations

from chat.reconcile import reconcile
from vods.discovery import discover_newest


def look_for_vod(channel_id: int) -> None:
    """Finds the broadcast's VOD at Twitch and ties the recording to it. Raises ServiceError."""
    discover_newest(channel_id)
    reconcile()

"""Asks Helix which channels are live."""

from __future__ import annotations

from chat.live import LiveStream
from chat.threads import in_thread
from vods.twitch import helix


async def live_streams(logins: list[str]) -> dict[str, LiveStream]:
    """The running broadcasts by login. Raises ServiceError; AUTH when credentials are missing or refused."""
    return await in_thread(_ask, logins)


def _ask(logins: list[str]) -> dict[str, LiveStream]:
    with helix() as service:
        streams = service.streams(logins)
    found = (LiveStream(stream.id, stream.user_login.lower(), stream.started_at) for stream in streams)
    return {stream.login: stream for stream in found}

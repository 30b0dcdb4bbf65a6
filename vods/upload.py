"""Publishes one VOD's file on YouTube, once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from django.conf import settings

from oauth.crypto import seal, unseal
from oauth.tokens import AccountToken
from vods import publish, youtube
from vods.models import Vod
from vods.publish import Metadata
from vodtender.http import ErrorKind, ServiceError

log = logging.getLogger(__name__)


class LeaseLike(Protocol):
    """The right to write to the VOD's row; `save` raises when it is lost."""

    def save(self, **fields: Any) -> None: ...


def upload_vod(vod: Vod, *, lease: LeaseLike, stop: threading.Event, on_progress: Callable[[int, int], None]) -> str:
    """The id of the YouTube video. `on_progress` is told bytes sent and bytes in all.

    0. A video that YouTube still has is the answer: "upload again" makes no second one.
    1. A kept session goes on where YouTube says it stands; one that was finished names its video, and nothing is sent.
    2. A new session's address is stored, encrypted, before the first byte: whatever dies then, step 1 finds it.
    3. Is the session gone, it may have been finished long ago: the account's videos are searched for this VOD before a
       new one begins.

    Raises Stopped, ServiceError, and what `lease.save` raises when the VOD belongs to somebody else.
    """
    tokens, metadata = AccountToken("youtube"), metadata_of(vod)
    if vod.youtube_id and youtube.is_there(vod.youtube_id, tokens, stop):
        log.info("VOD %s is on YouTube already, as %s.", vod.twitch_id, vod.youtube_id)
        return vod.youtube_id
    path = _file(vod)
    size = path.stat().st_size

    def send(session_uri: str | None) -> str:
        return youtube.upload(
            path,
            session_uri=session_uri,
            metadata=metadata,
            tokens=tokens,
            on_session=lambda uri: lease.save(upload_session=seal(uri)),
            on_progress=lambda sent: on_progress(sent, size),
            stop=stop,
            chunk_bytes=settings.UPLOAD_CHUNK_BYTES,
        )

    try:
        try:
            return send(_session(vod))
        except youtube.SessionGone as gone:
            log.warning("VOD %s: %s", vod.twitch_id, gone.message)
            if video_id := youtube.find_video(vod.twitch_url, tokens, stop):
                log.info("VOD %s had been uploaded already, as %s.", vod.twitch_id, video_id)
                return video_id
            lease.save(upload_session="")
            return send(None)
    except ServiceError as error:
        if error.kind is ErrorKind.INVALID and error.status:
            lease.save(upload_session="")  # refused for good: a requeue begins a session of its own
        raise


def _session(vod: Vod) -> str | None:
    """The kept session's address. One that no key fits is as good as gone (the account was connected anew)."""
    if not vod.upload_session:
        return None
    try:
        return unseal(vod.upload_session)
    except ServiceError:
        raise youtube.SessionGone from None


def metadata_of(vod: Vod) -> Metadata:
    """What YouTube is told of this VOD."""
    source = publish.attribution(str(vod.channel), vod.twitch_id, vod.twitch_url)
    return Metadata(
        title=publish.title(vod.title, vod.started_at),
        description=publish.description("", source),
        privacy=settings.YOUTUBE_PRIVACY,
    )


def _file(vod: Vod) -> Path:
    path = Path(settings.MEDIA_DIR) / vod.file_path
    if not vod.file_path or not path.is_file() or not path.stat().st_size:
        text = f"The video file of VOD {vod.twitch_id} is missing in MEDIA_DIR. Requeue the VOD to download it again."
        raise ServiceError("vod-tender", ErrorKind.INVALID, text)
    return path

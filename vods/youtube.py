"""Uploads one file to YouTube by a resumable session. No database here.

Source: https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol.
"""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import HttpRequest, MediaFileUpload

from oauth.providers import TokenSource
from vods.publish import Metadata
from vods.stopped import Stopped
from vods.youtubeerrors import SERVICE, SessionGone, may_pass, meaning, parse
from vods.youtubehttp import ShortBody, Transport
from vodtender.http import ErrorKind, ServiceError, backoff_seconds
from vodtender.telemetry import tracing

__all__ = ["SessionGone", "find_video", "is_there", "upload"]

log = logging.getLogger(__name__)

TRIES = 8  # in a row without one more byte
BACKOFF_BASE_SECONDS = 1.0
BACKOFF_MOST_SECONDS = 60.0
SPANS = 100  # at most, for the chunks of one upload
_CATEGORY_GAMING = "20"

OnSession = Callable[[str], None]
OnProgress = Callable[[int], None]


def upload(
    path: Path,
    *,
    session_uri: str | None,
    metadata: Metadata,
    tokens: TokenSource,
    on_session: OnSession,
    on_progress: OnProgress,
    stop: threading.Event,
    chunk_bytes: int,
    backoff_base: float = BACKOFF_BASE_SECONDS,
) -> str:
    """The id of the video. `on_progress` is told bytes, `chunk_bytes` is a multiple of 256 KiB.

    1. Without a session one is opened; `on_session` must have stored its address when it returns, because the first
       byte follows. With a session YouTube is asked how much it has; a finished one answers with the video.
    2. Chunks follow. After every broken request (no connection, 5xx, 429) YouTube is asked again before a byte is sent:
       it may have more than the answer could say, and after the last chunk it may have the video.
    3. 401 renews the token. A second one, or eight failures in a row, without any progress between end the try.

    Raises Stopped within some seconds of `stop`, SessionGone when the caller must decide about a new session, and
    ServiceError with YouTube's reason otherwise.
    """
    sender = _Sender(path, metadata, tokens, on_session, on_progress, stop, chunk_bytes, backoff_base)
    try:
        return sender.run(session_uri)
    finally:
        sender.close()


@dataclass
class _Sender:
    path: Path
    metadata: Metadata
    tokens: TokenSource
    on_session: OnSession
    on_progress: OnProgress
    stop: threading.Event
    chunk_bytes: int
    backoff_base: float
    _renewed: bool = False  # the token, since the last progress
    _failures: int = 0  # in a row, since the last progress

    def __post_init__(self) -> None:
        self._transport = Transport(self.tokens, self.stop, self._on_sent)
        self._request = _insert_request(self.path, self.metadata, self.chunk_bytes, self._transport)
        self._size: int = self._request.resumable.size()
        self._chunks = tracing.Batches("chunks", math.ceil(self._size / self.chunk_bytes / SPANS) or 1)

    def close(self) -> None:
        with suppress(OSError):
            self._request.resumable.stream().close()
        self._transport.close()

    def run(self, session_uri: str | None) -> str:
        with self._chunks:
            return self._run(session_uri)

    def _run(self, session_uri: str | None) -> str:
        self._request.resumable_uri = session_uri
        step: Callable[[], str] = self._probe if session_uri else self._start
        while True:
            before = self._request.resumable_progress
            try:
                video_id = step()
            except (httpx.RequestError, HttpError) as error:
                self._after(error)
                step = self._probe if self._request.resumable_uri else self._start
                continue
            if video_id:
                self.on_progress(self._size)
                return video_id
            step = self._next_step(step, before)

    def _next_step(self, step: Callable[[], str], before: int) -> Callable[[], str]:
        """The next chunk; but YouTube may have taken nothing of this one, or have all and not say so yet."""
        position = self._request.resumable_progress
        self.on_progress(position)
        if position > before:
            self._failures, self._renewed = 0, False
        elif step == self._send_chunk or position >= self._size:
            text = "YouTube takes no more bytes of this upload. It is tried again by itself."
            self._wait("no progress", ServiceError(SERVICE, ErrorKind.TRANSIENT, text))
        return self._send_chunk if position < self._size else self._probe

    def _on_sent(self, sent: int) -> None:
        self.on_progress(self._request.resumable_progress + sent)

    def _start(self) -> str:
        """Opens the session, and lets the caller store its address before a byte of the file follows."""
        request = self._request
        headers = {
            **request.headers,
            "X-Upload-Content-Type": request.resumable.mimetype(),
            "X-Upload-Content-Length": str(self._size),
            "Content-Length": str(len(request.body.encode())),
        }
        with tracing.span("session"):
            response, content = self._transport.request(request.uri, "POST", body=request.body, headers=headers)
        if response.status not in {200, 201}:
            raise HttpError(response, content, uri="videos.insert")
        if "location" not in response:
            raise ServiceError(SERVICE, ErrorKind.TRANSIENT, "YouTube opened no upload session. It is tried again.")
        request.resumable_uri = urljoin(request.uri, response["location"])
        self.on_session(request.resumable_uri)
        return ""

    def _probe(self) -> str:
        """Asks how much of the file YouTube has."""
        headers = {"Content-Range": f"bytes */{self._size}", "Content-Length": "0"}
        with tracing.span("probe"):
            response, content = self._transport.request(self._request.resumable_uri, "PUT", body=b"", headers=headers)
        return self._outcome(lambda: self._request._process_response(response, content))

    def _send_chunk(self) -> str:
        self._chunks.begin()
        before = self._request.resumable_progress
        video_id = self._outcome(lambda: self._request.next_chunk(http=self._transport, num_retries=0))
        self._chunks.done((self._size if video_id else self._request.resumable_progress) - before)
        return video_id

    def _outcome(self, act: Callable[[], tuple[Any, Any]]) -> str:
        """The video's id when the session is finished; a new session address, should YouTube give one, is stored."""
        uri = self._request.resumable_uri
        try:
            _, body = act()
        except HttpError as error:
            if error.status_code in {404, 410}:
                raise SessionGone(error.status_code) from None
            raise
        except ShortBody:
            text = "The video file became shorter while it was uploaded. Requeue the VOD to download it again."
            raise ServiceError(SERVICE, ErrorKind.INVALID, text) from None
        if body is None:
            if self._request.resumable_uri != uri:
                self.on_session(self._request.resumable_uri)
            return ""
        return _video_id(body)

    def _after(self, error: httpx.RequestError | HttpError) -> None:
        """Returns when another try may help; otherwise raises what ends this upload."""
        if isinstance(error, httpx.RequestError):
            what = type(error).__name__
            text = (
                f"The connection to YouTube broke again and again ({what}). The upload goes on later where it stands."
            )
            self._wait(what, ServiceError(SERVICE, ErrorKind.TRANSIENT, text))
            return
        refusal = parse(error.status_code, error.content)
        if refusal.status == 401 and not self._renewed:
            self._renewed = True
            self.tokens.renewed(self._transport.token)
        elif may_pass(refusal):
            self._wait(str(refusal.status), meaning(refusal))
        else:
            raise meaning(refusal) from None

    def _wait(self, what: str, in_the_end: ServiceError) -> None:
        """Waits before the next try; the last of TRIES in a row without progress raises."""
        self._failures += 1
        if self._failures >= TRIES:
            raise in_the_end
        seconds = backoff_seconds(self._failures, self.backoff_base, BACKOFF_MOST_SECONDS)
        log.info("The upload met %s at byte %d; next try in %.1f s.", what, self._request.resumable_progress, seconds)
        if self.stop.wait(seconds):
            raise Stopped


def find_video(twitch_url: str, tokens: TokenSource, stop: threading.Event) -> str:
    """The id of a video among the account's last 50 uploads whose description holds `twitch_url`; empty when none does.

    Needs the permission to read; an account that may only upload is refused, and then the answer is empty too.
    """

    def ask(service: Any) -> str:
        channels = service.channels().list(part="contentDetails", mine=True).execute()
        if not (playlist := _uploads_playlist(channels)):
            return ""
        listed = service.playlistItems().list(part="snippet", playlistId=playlist, maxResults=50).execute()
        return _video_about(twitch_url, listed)

    return str(_reading(ask, tokens, stop, refused=""))


def is_there(video_id: str, tokens: TokenSource, stop: threading.Event) -> bool:
    """Whether YouTube still has the video. An account that may not look is believed to have it."""

    def ask(service: Any) -> bool:
        return bool(service.videos().list(part="id", id=video_id).execute().get("items"))

    return bool(_reading(ask, tokens, stop, refused=True))


def _reading(ask: Callable[[Any], Any], tokens: TokenSource, stop: threading.Event, *, refused: object) -> Any:
    """What `ask` brings; `refused` when the account may not read. Raises ServiceError when it may pass."""
    transport = Transport(tokens, stop, lambda sent: None)
    try:
        return ask(build("youtube", "v3", http=transport, cache_discovery=False, static_discovery=True))
    except HttpError as error:
        refusal = parse(error.status_code, error.content)
        if may_pass(refusal):
            raise meaning(refusal) from None
        log.info("The account's videos could not be listed (%s).", refusal.reason or refusal.status)
        return refused
    except httpx.RequestError as error:
        text = f"YouTube cannot be reached ({type(error).__name__}). It is tried again by itself."
        raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text) from None
    finally:
        transport.close()


def _uploads_playlist(channels: Any) -> str:
    """From channels.list; empty when the account has no channel, or the answer is not as documented."""
    try:
        return str(channels["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"])
    except (KeyError, TypeError, IndexError):
        return ""


def _video_about(twitch_url: str, listed: Any) -> str:
    """From playlistItems.list; an item that is not as documented is not it."""
    for item in listed.get("items", []) if isinstance(listed, dict) else []:
        try:
            if twitch_url in item["snippet"]["description"].split():
                return str(item["snippet"]["resourceId"]["videoId"])
        except (KeyError, TypeError, AttributeError):
            continue
    return ""


def _insert_request(path: Path, metadata: Metadata, chunk_bytes: int, transport: Transport) -> HttpRequest:
    body = {
        "snippet": {
            "title": metadata.title,
            "description": metadata.description,
            "categoryId": _CATEGORY_GAMING,
        },
        "status": {"privacyStatus": metadata.privacy},
    }
    media = MediaFileUpload(str(path), mimetype="video/mp4", chunksize=chunk_bytes, resumable=True)
    service = build("youtube", "v3", http=transport, cache_discovery=False, static_discovery=True)
    return service.videos().insert(part="snippet,status", body=body, media_body=media)


def _video_id(body: Any) -> str:
    video_id = body.get("id") if isinstance(body, dict) else None
    if not isinstance(video_id, str) or not 0 < len(video_id) <= 20:
        text = "YouTube took the video but named no id. Look for it on the channel before requeueing the VOD."
        raise ServiceError(SERVICE, ErrorKind.INVALID, text)
    return video_id

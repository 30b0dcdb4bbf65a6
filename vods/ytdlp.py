"""Resolves a VOD with yt-dlp, unmodified: metadata, chapters, and the playlist of the wanted quality.

Only yt-dlp's Twitch VOD extractor is loaded, no configuration, plugins, cookies or netrc are read, and nothing is
written outside `cache_dir`. It obeys HTTPS_PROXY, NO_PROXY and SSL_CERT_FILE.
"""

from __future__ import annotations

import io
import json
import logging
import os
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yt_dlp
import yt_dlp.globals
from yt_dlp.extractor.twitch import TwitchVodIE
from yt_dlp.networking.common import Response

from vods.quality import choose
from vods.ytdlp_errors import gql_error, resolution_error
from vodtender.http import ErrorKind, ServiceError

__all__ = ["ResolvedChapter", "ResolvedVod", "resolution_error", "resolve"]

log = logging.getLogger(__name__)

VERSION: str = yt_dlp.version.__version__
SOCKET_SECONDS = 15.0
LARGEST_GQL_ANSWER = 16 << 20
_ID = re.compile(r"[0-9]{1,20}")
_LIVE_SUFFIX = re.compile(r" \d{4}-\d\d-\d\d \d\d:\d\d$")  # yt-dlp adds the time to the title of what is live


@dataclass(frozen=True)
class ResolvedChapter:
    """A chapter (a game played) in seconds from the VOD's start; `end` is None when it lasts to the end."""

    title: str
    start: float
    end: float | None


@dataclass(frozen=True)
class ResolvedVod:
    """A VOD as Twitch describes it. `duration` in seconds; `quality` is the chosen format's name, e.g. 1080p60."""

    twitch_id: str
    title: str
    duration: float | None
    chapters: tuple[ResolvedChapter, ...]
    thumbnail: str
    is_live: bool
    playlist_url: str
    http_headers: Mapping[str, str]
    quality: str
    width: int | None
    height: int | None
    ytdlp_version: str


def resolve(twitch_id: str, *, quality: str = "best", cache_dir: Path | None = None) -> ResolvedVod:
    """Ask Twitch for the VOD. `quality`: best, audio_only, or a height as in 720p (the best that is not higher).

    What is not there becomes the next lower; the answer's `quality` says what it became.
    Raises ServiceError: INVALID (no id, no video), GONE, RESTRICTED, TRANSIENT, RATE_LIMITED, OUTDATED_YTDLP, BUG.
    """
    if not _ID.fullmatch(twitch_id):
        text = "A VOD's id is a number of at most 20 digits, as at the end of twitch.tv/videos/123456789."
        raise ServiceError("Twitch", ErrorKind.INVALID, text)
    yt_dlp.globals.plugin_dirs.value = []
    with _Resolver(_options(cache_dir), auto_init=False) as resolver:
        resolver.add_info_extractor(TwitchVodIE())
        try:
            info = resolver.extract_info(f"https://www.twitch.tv/videos/{twitch_id}", download=False)
            return _resolved(twitch_id, info, quality)
        except ServiceError:
            raise
        except Exception as error:  # yt-dlp raises its own and whatever its extractor stumbled over
            meaning = gql_error(resolver.gql_errors, VERSION) or resolution_error(error, VERSION)
            log.debug("yt-dlp could not resolve %s: %s", twitch_id, error)
            raise meaning from error


class _Resolver(yt_dlp.YoutubeDL):  # type: ignore[misc]
    """yt-dlp that also notes the errors inside GQL answers, which its extractor takes for a missing video."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.gql_errors: list[str] = []
        super().__init__(*args, **options)

    def urlopen(self, req: Any) -> Any:
        response = super().urlopen(req)
        if urlsplit(response.url).hostname != "gql.twitch.tv":
            return response
        body = response.read(LARGEST_GQL_ANSWER)
        response.close()
        self.gql_errors += _gql_errors(body)
        return Response(io.BytesIO(body), response.url, response.headers, response.status, response.reason)


class _Log:
    """yt-dlp's own lines are for debugging; what matters comes as an exception."""

    def debug(self, message: str) -> None:
        log.debug("%s", message)

    warning = error = info = debug


def _options(cache_dir: Path | None) -> dict[str, Any]:
    return {
        "quiet": True,
        "no_warnings": True,
        "noprogress": True,
        "logger": _Log(),
        "ignoreconfig": True,
        "usenetrc": False,
        "cachedir": str(cache_dir) if cache_dir else False,
        "socket_timeout": SOCKET_SECONDS,
        "skip_download": True,
        "check_formats": False,
        "format": "all",  # chosen by us, so that a missing quality has our own words
        "compat_opts": {"no-certifi"} if _system_trusts() else set(),
    }


def _system_trusts() -> bool:
    """Whether SSL_CERT_FILE or the system has certificates; without any, yt-dlp falls back to certifi's."""
    paths = ssl.get_default_verify_paths()
    if paths.cafile or os.environ.get("SSL_CERT_FILE"):
        return True
    return bool(paths.capath) and any(Path(paths.capath).iterdir())


def _gql_errors(body: bytes) -> list[str]:
    """The messages of all errors in a GQL answer: an object, or a list with one object for each operation."""
    try:
        answer = json.loads(body)
    except ValueError:
        return []
    messages: list[str] = []
    for part in answer if isinstance(answer, list) else [answer]:
        errors = part.get("errors") if isinstance(part, dict) else None
        messages += [str(error.get("message", "")) for error in errors or [] if isinstance(error, dict)]
    return messages


def _resolved(twitch_id: str, info: Mapping[str, Any], quality: str) -> ResolvedVod:
    chosen = choose(info.get("formats") or [], quality)
    is_live = bool(info.get("is_live"))
    title = str(info.get("title") or "")
    return ResolvedVod(
        twitch_id=twitch_id,
        title=_LIVE_SUFFIX.sub("", title) if is_live else title,
        duration=info.get("duration"),
        chapters=tuple(
            ResolvedChapter(str(chapter.get("title") or ""), chapter.get("start_time") or 0.0, chapter.get("end_time"))
            for chapter in info.get("chapters") or []
        ),
        thumbnail=str(info.get("thumbnail") or ""),
        is_live=is_live,
        playlist_url=chosen["url"],
        http_headers=dict(chosen.get("http_headers") or {}),
        quality=str(chosen["format_id"]),
        width=chosen.get("width"),
        height=chosen.get("height"),
        ytdlp_version=VERSION,
    )

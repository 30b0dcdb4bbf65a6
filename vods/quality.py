"""Which of a VOD's formats is meant by a quality's name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vodtender.http import ErrorKind, ServiceError

Format = Mapping[str, Any]
_HEIGHT = re.compile(r"(\d{2,4})p(\d{2,3})?")
AUDIO_ONLY = "audio_only"


def choose(formats: Sequence[Format], quality: str) -> Format:
    """One HLS format of yt-dlp's, which sorts them from worst to best.

    `best` is the source; `audio_only` the sound alone; `720p` or `720p30` the best that is not higher (nor faster).
    What is not there becomes the next lower that is, the smallest when all are higher, and a name that nobody knows
    becomes the source: a VOD is not lost for a quality's name. Raises ServiceError (INVALID) without any video.
    """
    playable = [f for f in formats if str(f.get("protocol", "")).startswith("m3u8") and f.get("url")]
    if not playable:
        raise ServiceError("Twitch", ErrorKind.INVALID, "Twitch offers no video for this VOD. Requeue it to try again.")
    videos = [f for f in playable if f.get("vcodec") != "none"]
    sounds = [f for f in playable if f.get("vcodec") == "none"]
    name = quality.strip().lower()
    if name == AUDIO_ONLY:
        return sounds[-1] if sounds else videos[0]
    if not videos:
        return sounds[-1]
    if asked := _HEIGHT.fullmatch(name):
        return _capped(videos, int(asked[1]), float(asked[2] or "inf"))
    return next((f for f in playable if str(f.get("format_id", "")).lower() == name), videos[-1])


def _capped(videos: Sequence[Format], height: int, rate: float) -> Format:
    fitting = [f for f in videos if _lines(f) <= height and (f.get("fps") or 0) <= rate + 1]
    return fitting[-1] if fitting else min(videos, key=_lines)


def _lines(video: Format) -> int:
    """The shorter side: a vertical 1080p video is 1080 wide. A format that does not say counts by its name."""
    sides = [side for side in (video.get("width"), video.get("height")) if side]
    if sides:
        return int(min(sides))
    named = _HEIGHT.match(str(video.get("format_id", "")))
    return int(named[1]) if named else 1 << 16

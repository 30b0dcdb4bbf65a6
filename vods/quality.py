"""Which of a VOD's formats is meant by a quality's name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from vodtender.http import ErrorKind, ServiceError

Format = Mapping[str, Any]
_HEIGHT = re.compile(r"(\d{2,4})p(\d{2,3})?")


def choose(formats: Sequence[Format], quality: str) -> Format:
    """One HLS format of yt-dlp's, which sorts them from worst to best.

    `best` is the source; `audio_only` the sound alone; `720p` or `720p30` the best that is not higher (nor faster), and
    when all are, the smallest; anything else must be a format's own name. Raises ServiceError (INVALID), with the
    names that there are.
    """
    playable = [f for f in formats if str(f.get("protocol", "")).startswith("m3u8") and f.get("url")]
    videos = [f for f in playable if f.get("vcodec") != "none"]
    sounds = [f for f in playable if f.get("vcodec") == "none"]
    name = quality.strip().lower()
    found: Format | None = None
    if name == "best":
        found = next(reversed(videos or sounds), None)
    elif name == "audio_only":
        found = next(reversed(sounds), None)
    elif asked := _HEIGHT.fullmatch(name):
        found = _capped(videos, int(asked[1]), float(asked[2] or "inf"))
    else:
        found = next((f for f in playable if str(f.get("format_id", "")).lower() == name), None)
    if found is None:
        there = ", ".join(str(f.get("format_id")) for f in playable) or "none"
        text = f"This VOD has no quality '{quality}'. There is: {there}. Choose one of them, or best."
        raise ServiceError("Twitch", ErrorKind.INVALID, text)
    return found


def _capped(videos: Sequence[Format], height: int, rate: float) -> Format | None:
    fitting = [f for f in videos if _lines(f) <= height and (f.get("fps") or 0) <= rate + 1]
    if fitting:
        return fitting[-1]
    return min(videos, key=_lines, default=None)


def _lines(video: Format) -> int:
    """The shorter side: a vertical 1080p video is 1080 wide. A format that does not say counts by its name."""
    sides = [side for side in (video.get("width"), video.get("height")) if side]
    if sides:
        return int(min(sides))
    named = _HEIGHT.match(str(video.get("format_id", "")))
    return int(named[1]) if named else 1 << 16

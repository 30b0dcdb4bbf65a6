"""Where a VOD's files lie. Names come from ids and validated logins only; titles never make a path."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

_TWITCH_ID = re.compile(r"\d{1,20}")
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")


def work_folder(twitch_id: str) -> Path:
    """Part file, journal and lock of a VOD at work; on the file system of the finished files."""
    return Path(settings.MEDIA_DIR) / ".work" / _checked(_TWITCH_ID, twitch_id)


def video_file(login: str, twitch_id: str) -> Path:
    return Path(settings.MEDIA_DIR) / _checked(_LOGIN, login) / f"{_checked(_TWITCH_ID, twitch_id)}.mp4"


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} cannot be part of a path")
    return value

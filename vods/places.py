"""Where a VOD's files lie. Names come from ids and validated logins only; titles never make a path."""

from __future__ import annotations

import logging
import re
from pathlib import Path

from django.conf import settings

from vods import mediafile
from vodtender.http import ServiceError

log = logging.getLogger(__name__)

_TWITCH_ID = re.compile(r"[0-9]{1,20}")
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")


def work_folder(twitch_id: str) -> Path:
    """Part file, journal and lock of a VOD at work; on the file system of the finished files."""
    return Path(settings.MEDIA_DIR) / ".work" / _checked(_TWITCH_ID, twitch_id)


def video_file(login: str, twitch_id: str) -> Path:
    return Path(settings.MEDIA_DIR) / _checked(_LOGIN, login) / f"{_checked(_TWITCH_ID, twitch_id)}.mp4"


def clear_work(twitch_id: str) -> None:
    """Removes the work folder. Only when the database knows the outcome: until then a crash is mended from it."""
    try:
        mediafile.discard(work_folder(twitch_id))
    except ServiceError as error:
        log.warning("The work folder of VOD %s could not be removed: %s", twitch_id, error.message)


def _checked(pattern: re.Pattern[str], value: str) -> str:
    if not pattern.fullmatch(value):
        raise ValueError(f"{value!r} cannot be part of a path")
    return value

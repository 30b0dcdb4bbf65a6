"""Verifies a file again: is it still what was downloaded?"""

from __future__ import annotations

import threading
from pathlib import Path

from django.conf import settings

from vods.models import Vod
from vods.verify import sha256_of
from vodtender.http import ErrorKind, ServiceError


def recheck_file(vod: Vod, stop: threading.Event) -> None:
    """Compares size and checksum with those noted at the download. Raises ServiceError(INVALID), Stopped."""
    path = Path(settings.MEDIA_DIR) / vod.file_path
    if not vod.file_path or not path.is_file():
        raise _wrong(vod, "is missing")
    size = path.stat().st_size
    if size != vod.file_size:
        raise _wrong(vod, f"has {size} bytes instead of {vod.file_size}")
    if sha256_of(path, stop) != vod.file_sha256:
        raise _wrong(vod, "has other contents than when it was downloaded")


def _wrong(vod: Vod, what: str) -> ServiceError:
    text = f"The file of VOD {vod.twitch_id} {what}. Requeue its download to have it anew, while Twitch still has it."
    return ServiceError("disk", ErrorKind.INVALID, text)

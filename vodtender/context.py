"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from vods import mediadir, ytdlp_age
from vodtender.setup_state import missing_settings


def product(request: HttpRequest) -> dict[str, Any]:
    """For people who are logged in: what is missing or in trouble, and the age of yt-dlp. For all: public switches."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    return {
        "missing_settings": missing_settings() if known else [],
        "media_trouble": mediadir.WATCH.latest(settings.MEDIA_DIR, settings.DATA_DIR).text if known else "",
        "ytdlp": ytdlp_age.installed() if known else None,
        "public_archive": settings.PUBLIC_ARCHIVE,
    }

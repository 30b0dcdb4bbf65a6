"""What every page knows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from vodtender.setup_state import missing_settings


def product(request: HttpRequest) -> dict[str, Any]:
    """Names of missing settings for the banner (only for people who are logged in), and public switches."""
    user = getattr(request, "user", None)
    known = user is not None and user.is_authenticated
    return {"missing_settings": missing_settings() if known else [], "public_archive": settings.PUBLIC_ARCHIVE}

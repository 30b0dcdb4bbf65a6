"""What the operator has not set yet: said on every page, in /readyz and in the log."""

from __future__ import annotations

from django.conf import settings


def missing_settings() -> list[str]:
    """Names of the variables without which the product cannot do its job."""
    missing = [name for name in ("TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET") if not getattr(settings, name)]
    if settings.YOUTUBE_UPLOAD_ENABLED:
        missing += [name for name in ("YT_CLIENT_ID", "YT_CLIENT_SECRET") if not getattr(settings, name)]
        if not settings.YOUTUBE_UPLOAD_OWNERSHIP:
            missing.append("YOUTUBE_UPLOAD_OWNERSHIP")
    return missing

"""How old yt-dlp is. Twitch changes, and a yt-dlp of months ago may not follow."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from yt_dlp.version import __version__ as VERSION

OLD_FROM = 60  # days
_DATED = re.compile(r"(\d{4})\.(\d{1,2})\.(\d{1,2})(?:\D.*)?", re.ASCII | re.DOTALL)


@dataclass(frozen=True)
class Release:
    """A version of yt-dlp with its age in days; None when its name is no date."""

    version: str
    days: int | None

    @property
    def old(self) -> bool:
        return self.days is not None and self.days >= OLD_FROM


def release_of(version: str, today: date) -> Release:
    """Reads the date out of a version like `2026.10.26` or `2026.10.26.232815`; one of tomorrow is 0 days old."""
    named = _DATED.fullmatch(version)
    try:
        made = date(*(int(part) for part in named.groups())) if named else None
    except ValueError:
        made = None
    return Release(version, max(0, (today - made).days) if made else None)


def installed() -> Release:
    """The yt-dlp that this process runs."""
    return release_of(VERSION, datetime.now(UTC).date())

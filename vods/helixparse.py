"""Helix's rows as typed values, checked at the edge: nothing that is not understood goes further in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_ID = re.compile(r"\d{1,20}", re.ASCII)
_LOGIN = re.compile(r"[a-z0-9_]{1,25}")
PROCESSING = "/404_processing"
"""In the thumbnail's address of an archive whose broadcast still runs."""


class Unusable(Exception):
    """A row that is not as documented; the text names the field."""


@dataclass(frozen=True)
class HelixUser:
    id: str
    login: str
    display_name: str
    profile_image_url: str


@dataclass(frozen=True)
class HelixVideo:
    """`duration` in seconds; `muted_segments` as (offset, duration) in seconds; `stream_id` empty for an upload."""

    id: str
    stream_id: str
    user_id: str
    title: str
    type: str
    created_at: datetime
    duration: float
    language: str
    thumbnail_url: str
    muted_segments: tuple[tuple[float, float], ...]

    @property
    def is_processing(self) -> bool:
        return PROCESSING in self.thumbnail_url


@dataclass(frozen=True)
class HelixStream:
    """A broadcast that runs now."""

    id: str
    user_id: str
    user_login: str
    title: str
    category: str
    language: str
    started_at: datetime


def parse_duration(text: str) -> int:
    """Seconds of Helix's `3h8m33s`. Raises ValueError."""
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("no duration such as 3h8m33s")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def user(row: Any) -> HelixUser:
    """Raises Unusable."""
    login = _text(row, "login").lower()
    if not _LOGIN.fullmatch(login):
        raise Unusable('"login" is no login')
    return HelixUser(_id(row, "id"), login, _text(row, "display_name"), _text(row, "profile_image_url"))


def video(row: Any) -> HelixVideo:
    """Raises Unusable."""
    try:
        duration = parse_duration(_text(row, "duration"))
    except ValueError as error:
        raise Unusable(f'"duration" is {error}') from None
    return HelixVideo(
        id=_id(row, "id"),
        stream_id=_id(row, "stream_id") if row.get("stream_id") else "",
        user_id=_id(row, "user_id"),
        title=_text(row, "title"),
        type=_text(row, "type") or "archive",
        created_at=_time(row, "created_at"),
        duration=float(duration),
        language=_text(row, "language"),
        thumbnail_url=_text(row, "thumbnail_url"),
        muted_segments=_muted(row.get("muted_segments")),
    )


def stream(row: Any) -> HelixStream:
    """Raises Unusable."""
    return HelixStream(
        id=_id(row, "id"),
        user_id=_id(row, "user_id"),
        user_login=_text(row, "user_login").lower(),
        title=_text(row, "title"),
        category=_text(row, "game_name"),
        language=_text(row, "language"),
        started_at=_time(row, "started_at"),
    )


def _text(row: Any, name: str) -> str:
    """The field without NUL (PostgreSQL refuses it); a missing one is empty."""
    if not isinstance(row, dict):
        raise Unusable("an entry is no object")
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise Unusable(f'"{name}" is no text')
    return value.replace("\x00", "").strip()


def _id(row: Any, name: str) -> str:
    value = _text(row, name)
    if not _ID.fullmatch(value):
        raise Unusable(f'"{name}" is no number')
    return value


def _time(row: Any, name: str) -> datetime:
    try:
        when = datetime.fromisoformat(_text(row, name))
    except ValueError:
        raise Unusable(f'"{name}" is no time') from None
    if when.tzinfo is None:
        raise Unusable(f'"{name}" has no time zone')
    return when


def _muted(value: Any) -> tuple[tuple[float, float], ...]:
    if value is None:
        return ()
    if not isinstance(value, list):
        raise Unusable('"muted_segments" is no list')
    found = []
    for part in value:
        offset, duration = (part.get("offset"), part.get("duration")) if isinstance(part, dict) else (None, None)
        if not isinstance(offset, int | float) or not isinstance(duration, int | float):
            raise Unusable('"muted_segments" holds no offset and duration')
        found.append((float(offset), float(duration)))
    return tuple(found)

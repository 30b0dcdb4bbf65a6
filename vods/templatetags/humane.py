"""Numbers as people say them: sizes, durations, times, and how long is left."""

from __future__ import annotations

from datetime import UTC, datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from vods.models import Attempt

register = template.Library()

NARROW = "\u00a0"  # no line break between number and unit
UNITS = ("kB", "MB", "GB", "TB")
SPANS = ((86400, "day", "days"), (3600, "h", "h"), (60, "min", "min"), (1, "s", "s"))


@register.filter
def size(value: float | None) -> str:
    """Bytes with a decimal unit, as file managers show them: 1.4 GB."""
    if value is None:
        return "–"
    amount = float(value)
    if amount < 1000:
        return f"{amount:.0f}{NARROW}B"
    for unit in UNITS:  # noqa: B007 - used behind the loop
        amount /= 1000
        if amount < 999.5:
            break
    return f"{amount:.1f}{NARROW}{unit}" if amount < 9.95 else f"{amount:.0f}{NARROW}{unit}"


@register.filter
def rate(value: float | None) -> str:
    """Bytes per second: 12 MB/s."""
    return f"{size(value)}/s" if value else "–"


@register.filter
def clock(value: float | None) -> str:
    """Seconds as a player shows them: 1:02:03 or 4:05."""
    if value is None:
        return "–"
    minutes, seconds = divmod(max(0, round(value)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


@register.filter
def span(value: float | None) -> str:
    """Seconds in words, the two largest units at most: 3 h 12 min."""
    if value is None:
        return "–"
    left = max(0, round(value))
    parts: list[str] = []
    for seconds, one, many in SPANS:
        amount, left = divmod(left, seconds)
        if amount:
            parts.append(f"{amount}{NARROW}{one if amount == 1 else many}")
        elif parts:
            break
        if len(parts) == 2:
            break
    return " ".join(parts) or f"0{NARROW}s"


@register.filter
def when(value: datetime | None) -> SafeString | str:
    """A moment relative to now; the exact time stands in the title and is shown in the reader's zone by times.js."""
    if value is None:
        return "–"
    return format_html('<time datetime="{}" title="{}">{}</time>', _iso(value), _exact(value), relative(value, now()))


@register.filter
def moment(value: datetime | None) -> SafeString | str:
    """Date and time; times.js puts it into the reader's time zone."""
    if value is None:
        return "–"
    return format_html('<time datetime="{}" data-local title="{}">{}</time>', _iso(value), _exact(value), _exact(value))


@register.filter
def took(attempt: Attempt) -> float | None:
    """Seconds that an attempt took; None while it runs."""
    return (attempt.ended_at - attempt.started_at).total_seconds() if attempt.ended_at else None


def relative(value: datetime, clock_now: datetime) -> str:
    """`5 min ago`, `in 2 h`, and the date for what is more than two weeks away."""
    seconds = (clock_now - value).total_seconds()
    distance = abs(seconds)
    if distance < 10:
        return "now"
    if distance > 14 * 86400:
        return f"{value.astimezone(UTC):%-d %b %Y}"
    seconds_of, one, many = next(entry for entry in SPANS if distance >= entry[0])
    amount = round(distance / seconds_of)
    words = f"{amount}{NARROW}{one if amount == 1 else many}"
    return f"{words} ago" if seconds > 0 else f"in {words}"


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _exact(value: datetime) -> str:
    return value.astimezone(UTC).strftime("%-d %b %Y, %H:%M UTC")

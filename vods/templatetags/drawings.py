"""Icons, state chips and covers, drawn by ourselves: no picture is fetched from anywhere."""

from __future__ import annotations

import hashlib
import math

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import now

from vods import vanishing
from vods.models import Redo, State, Vod
from vods.templatetags.humane import when

register = template.Library()

ICONS = {
    "check": "M5 12.5l4.5 4.5L19 7.5",
    "clock": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5l3.5 2",
    "down": "M12 4v11m-5-4.5l5 5 5-5M5 20h14",
    "up": "M12 20V9m-5 4.5l5-5 5 5M5 4h14",
    "alert": "M12 4.5L2.8 20h18.4zM12 10v4.5m0 2.6v.1",
    "retry": "M4.5 12a7.5 7.5 0 1 1 2.4 5.5M4 20v-4.5h4.5",
    "skip": "M5 6l8 6-8 6zM18 6v12",
    "stop": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM9 9h6v6H9z",
    "minus": "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12h8",
    "film": "M3.5 5h17v14h-17zM10 9v6l5-3z",
    "home": "M4 11l8-7 8 7v9h-5.5v-6h-5v6H4z",
    "gear": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3m0 12v3M3 12h3m12 0h3M5.6 5.6l2.2 2.2m8.4 8.4l2.2 2.2"
    "M18.4 5.6l-2.2 2.2M7.8 16.2l-2.2 2.2",
    "user": "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20a7.5 7.5 0 0 1 15 0",
    "key": "M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 12l9-9m-4 4l3 3",
    "leave": "M10 4H5v16h5M15 8l4 4-4 4m4-4H9",
    "chat": "M4 5h16v11H10l-4.5 4V16H4z",
    "out": "M13 5h6v6m0-6l-9 9M16 14v5H5V8h5",
    "left": "M14.5 6l-6 6 6 6",
    "right": "M9.5 6l6 6-6 6",
    "open": "M6.5 9.5l5.5 5.5 5.5-5.5",
    "pause": "M8.5 5v14M15.5 5v14",
    "play": "M7 4.5v15l12-7.5z",
}
STATE_ICONS = {
    State.QUEUED: "clock",
    State.DOWNLOADING: "down",
    State.DOWNLOADED: "check",
    State.UPLOADING: "up",
    State.DONE: "check",
    State.FAILED: "retry",
    State.NEEDS_ATTENTION: "alert",
    State.SKIPPED: "skip",
    State.CANCELED: "stop",
    State.IGNORED: "minus",
}
HUES = 8


@register.simple_tag
def icon(name: str) -> SafeString:
    """An icon in the colour of its text, hidden from screen readers (a word stands beside it)."""
    return format_html('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true"><path d="{}"/></svg>', ICONS[name])


def state_word(state: str) -> str:
    """The state in one or two words: `failed`, not `failed, will be retried`."""
    return str(State(state).label).split(",")[0]


@register.simple_tag
def state_chip(vod: Vod) -> SafeString:
    """The state as a coloured chip with its icon and word."""
    if vod.live and vod.state == State.QUEUED:
        return mark_safe('<span class="chip live"><span class="dot"></span>on air</span>')
    if vod.state == State.DOWNLOADING and vod.redo == Redo.VERIFY:
        return format_html('<span class="chip downloading">{}verifying</span>', icon("check"))
    return format_html(
        '<span class="chip {}">{}{}</span>', vod.state, icon(STATE_ICONS[State(vod.state)]), state_word(vod.state)
    )


@register.simple_tag
def vanishing_chip(vod: Vod) -> SafeString | str:
    """Until when Twitch has a VOD that we lack, as a chip when that is soon; empty for what stays there."""
    gone = vanishing.removed_at(vod)
    if gone is None:
        return ""
    if gone <= now():
        return format_html('<span class="chip needs_attention">{}Twitch may have removed it</span>', icon("clock"))
    if gone - now() < vanishing.SOON:
        return format_html(
            '<span class="chip needs_attention">{}Twitch removes it {}</span>', icon("clock"), when(gone)
        )
    return format_html("<span>Twitch removes it {}</span>", when(gone))


@register.simple_tag
def cover(vod: Vod) -> SafeString:
    """A small seascape for a VOD: hue by channel, waves by id, so that the same VOD always looks the same."""
    seed = hashlib.sha256(vod.twitch_id.encode()).digest()
    waves = "".join(f'<path class="wave{n + 1}" d="{_wave(seed, n)}"/>' for n in range(3))
    boat = f'<g transform="translate({60 + seed[9] % 190} 97) scale({1 + seed[10] / 640:.2f})">'
    drawing = (
        f'<svg viewBox="0 0 320 180" preserveAspectRatio="xMidYMid slice" class="hue{vod.channel_id % HUES}" '
        f'aria-hidden="true"><path class="sky" d="M0 0h320v180H0z"/>'
        f'<circle class="sun" cx="{40 + seed[7] % 240}" cy="{38 + seed[8] % 40}" r="{14 + seed[11] % 10}"/>'
        f'{boat}<path class="sail" d="M-3-26v22L15-15z"/><path class="hull" d="M-15 0h30l-5 9h-20z"/></g>{waves}</svg>'
    )
    return mark_safe(drawing)  # noqa: S308 - numbers alone, from a hash


def _wave(seed: bytes, layer: int) -> str:
    """One wave's outline over a width of 320: a sine with phase, length and height from the seed."""
    phase, length, height = seed[layer] / 40, 70 + seed[3 + layer] % 90, 4 + seed[6 + layer] % 7
    base = 108 + layer * 20
    points = " ".join(f"L{x} {base + height * math.sin(phase + x / length * math.tau):.0f}" for x in range(0, 321, 16))
    return f"M0 180{points}L320 180z"

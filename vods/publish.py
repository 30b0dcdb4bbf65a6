"""What a video is called and described as on YouTube. Pure: values in, texts out."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from datetime import datetime

TITLE_MOST = 100  # characters, YouTube's limit; < and > are not allowed in titles and descriptions
TITLE_CUT = 97
DESCRIPTION_MOST = 5000  # bytes of UTF-8, YouTube's limit


@dataclass(frozen=True)
class Metadata:
    """What YouTube is told of a video."""

    title: str
    description: str
    privacy: str


def title(vod_title: str, started_at: datetime) -> str:
    """`2026-11-23 the title`, at most 100 characters: a longer one is cut to 97 and `...`."""
    text = f"{started_at:%Y-%m-%d} {_clean(vod_title, keep_lines=False) or 'Twitch VOD'}"
    return text if len(text) <= TITLE_MOST else f"{text[:TITLE_CUT]}..."


def attribution(channel: str, twitch_id: str, url: str) -> str:
    """The lines that say where a video comes from; they are at the end of every description."""
    return f"Channel: {_clean(channel, keep_lines=False)}\nTwitch VOD: {twitch_id}\n{url}"


def description(text: str, source: str) -> str:
    """`text`, then `source`; when both are too long together, `text` is cut at a character's boundary."""
    head = _clean(text, keep_lines=True)
    if not head:
        return source
    room = DESCRIPTION_MOST - len(f"\n\n{source}".encode())
    cut = head.encode()[: max(0, room)].decode(errors="ignore").rstrip()
    return f"{cut}\n\n{source}" if cut else source


def _clean(text: str, *, keep_lines: bool) -> str:
    """Without <, >, control characters and lone surrogates; white space in a title becomes single spaces."""
    lines = ["".join(char if char != "\t" else " " for char in line if _allowed(char)) for line in text.splitlines()]
    if keep_lines:
        return "\n".join(line.rstrip() for line in lines).strip()
    return " ".join(" ".join(lines).split())


def _allowed(char: str) -> bool:
    return char == "\t" or (char not in "<>" and unicodedata.category(char) not in {"Cc", "Cs"})

"""Which VOD is in a video file that another program made: by its name, or by the JSON beside it.

yt-dlp names a file `TITLE [vID].mp4` or `TITLE-vID.mp4` and may leave `….info.json`. TwitchDownloader's names may hold
the id, and its chat file (`….json`) tells of the video. None of it is trusted further than what it says of the VOD.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

MOST_BYTES = 64 << 20  # an info.json is 100 kB; of a chat file only the head is wanted
HEAD_BYTES = 256 << 10
_ID = re.compile(r"v?([0-9]{1,20})")
# In this order. A number without the v is an id only if it is as long as ids have been for ten years: else it may be a
# date. The last: standing alone, at the beginning or the end.
_IN_NAME = (
    re.compile(r"(?:v[0-9]{5,20}|[0-9]{9,10})"),
    re.compile(r".*[\[(](v[0-9]{5,20}|[0-9]{9,10})[\])]"),
    re.compile(r".*[-_ ](v[0-9]{5,20})"),
)
_ALONE = re.compile(r"^v?([0-9]{9,10})(?![0-9A-Za-z])|(?<![0-9A-Za-z])v?([0-9]{9,10})$")
# TwitchDownloader's own choice, month first: [11-1-26] Pia - An evening
_DATED = re.compile(r"\[([0-9]{1,2})-([0-9]{1,2})-([0-9]{2}|[0-9]{4})\] .+? - (.+)")


class NotKnown(ValueError):
    """It cannot be told which VOD it is. The text says why."""


@dataclass(frozen=True)
class Described:
    """What is known of a VOD from outside of its file; "" and None: not told. `duration` in seconds.

    `chapters`: title, start and end in seconds."""

    twitch_id: str
    login: str = ""
    title: str = ""
    started_at: datetime | None = None
    duration: float | None = None
    chapters: tuple[tuple[str, float, float | None], ...] = ()


def told_beside(path: Path) -> Described | None:
    """What the JSON of another program beside the file tells."""
    for beside in _beside(path):
        facts = _read(beside)
        found = _of_ytdlp(facts) if beside.name.endswith(".info.json") else _of_twitchdownloader(facts)
        if found is not None:
            return found
    return None


def id_in_name(stem: str) -> str:
    """The id in a file's name without its ending. Raises NotKnown."""
    for pattern in _IN_NAME:
        if match := pattern.fullmatch(stem):
            return match[match.lastindex or 0].removeprefix("v")
    numbers = {first or last for first, last in _ALONE.findall(stem)}
    if len(numbers) == 1:
        return str(numbers.pop())
    if numbers:
        raise NotKnown(f"its name holds several numbers that could be the VOD's id: {', '.join(sorted(numbers))}")
    raise NotKnown("its name holds no VOD id, and no info.json or chat file beside it tells it")


def date_and_title(stem: str) -> tuple[date, str] | None:
    """What TwitchDownloader's names tell when they hold no id. The date is that of the machine it ran on."""
    match = _DATED.fullmatch(stem)
    if match is None:
        return None
    month, day, year = int(match[1]), int(match[2]), int(match[3])
    try:
        return date(year + (2000 if year < 100 else 0), month, day), match[4]
    except ValueError:
        return None


def comparable(title: str) -> str:
    """A title without what programs replace in file names."""
    return " ".join(re.findall(r"\w+", title.replace("_", " "))).casefold()


def _beside(path: Path) -> Iterator[Path]:
    stem = path.with_suffix("")
    for ending in (".info.json", ".json", "_chat.json", " chat.json"):
        beside = stem.with_name(stem.name + ending)
        if beside.is_file():
            yield beside


def _read(path: Path) -> dict[str, Any]:
    """The object in the file; of a chat file that is too long, what its head says of the video."""
    try:
        if path.stat().st_size <= MOST_BYTES:
            facts = json.loads(path.read_bytes())
            return facts if isinstance(facts, dict) else {}
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES).decode("utf-8", "replace")
        found = {}
        for name in ("streamer", "video"):
            if (place := re.search(rf'"{name}"\s*:\s*(?=\{{)', head)) is not None:
                found[name] = json.JSONDecoder().raw_decode(head, place.end())[0]
    except (OSError, ValueError, RecursionError):
        return {}
    return found


def _of_ytdlp(facts: dict[str, Any]) -> Described | None:
    match = _ID.fullmatch(str(facts.get("id", "")))
    if match is None or not str(facts.get("extractor_key", "TwitchVod")).startswith("TwitchVod"):
        return None
    chapters = facts.get("chapters")
    return Described(
        match[1],
        _text(facts.get("uploader_id")).lower(),
        _text(facts.get("title")),
        _moment(facts.get("timestamp")),
        _number(facts.get("duration")),
        tuple(_chapters(chapters if isinstance(chapters, list) else [])),
    )


def _of_twitchdownloader(facts: dict[str, Any]) -> Described | None:
    video, streamer = facts.get("video"), facts.get("streamer")
    if not isinstance(video, dict) or (match := _ID.fullmatch(str(video.get("id", "")))) is None:
        return None
    login = _text(streamer.get("login")) if isinstance(streamer, dict) else ""
    started_at, length = _moment(video.get("created_at")), _number(video.get("length"))
    return Described(match[1], login.lower(), _text(video.get("title")), started_at, length)


def _chapters(rows: list[Any]) -> Iterator[tuple[str, float, float | None]]:
    for row in rows[:1000]:
        if isinstance(row, dict) and (start := _number(row.get("start_time"))) is not None:
            yield _text(row.get("title")), start, _number(row.get("end_time"))


def _text(value: Any) -> str:
    return value.replace("\x00", "").strip() if isinstance(value, str) else ""


def _number(value: Any) -> float | None:
    fine = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**7
    return float(value) if fine else None


def _moment(value: Any) -> datetime | None:
    """Of seconds since 1970, or of ISO 8601. Twitch began in 2011."""
    try:
        moment = datetime.fromtimestamp(value, UTC) if isinstance(value, int | float) else datetime.fromisoformat(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC) if 2011 <= moment.year <= 2100 else None
    except (TypeError, ValueError, OverflowError, OSError):
        return None

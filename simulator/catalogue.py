"""Channels and VODs: what they are, and the file that keeps them."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from .documents import parse_time, read_json, utcnow, write_json

SEGMENT_SECONDS = 2
LONGEST_BROADCAST_VOD = 60


@dataclass
class Channel:
    login: str
    display_name: str
    user_id: str
    description: str
    created_at: str


@dataclass
class Game:
    id: str
    name: str


@dataclass
class Chapter:
    game: Game
    start: int
    """Seconds from the start of the VOD."""


@dataclass
class Vod:
    """`seconds` is the finished length; while `recording`, the length grows with the clock up to it."""

    id: str
    channel: str
    stream_id: str
    title: str
    created_at: datetime
    seconds: int
    media: str
    """Name of the media in the media folder; several VODs may share one."""
    folder: str
    """First part of the path at the CDN."""
    chapters: list[Chapter]
    recording: bool = False
    sub_only: bool = False
    deleted: bool = False
    muted: list[int] = field(default_factory=list)
    """Numbers of the muted segments: `N-muted` in the playlist, and silent."""
    unmuted_answers: bool = False
    """Whether the names without `-muted` still answer, with the sound."""
    media_seconds: int = 0
    """Length of the media when they are shorter than the VOD, which then repeats them; 0 for `seconds`."""
    container: str = "ts"
    """`ts` or `fmp4`."""
    inits: int = 1
    """fMP4: how many init sections the playlist has, one after the other."""
    resize: bool = False
    """fMP4: the picture's size changes with every init section."""
    discontinuities: bool = True
    """fMP4: whether EXT-X-DISCONTINUITY stands before a changed init section, as RFC 8216 wants it."""
    dropped: list[int] = field(default_factory=list)
    """Numbers of segments that are no longer in the playlist, nor at the CDN."""
    renamed: dict[str, str] = field(default_factory=dict)
    """File names of segments, by number, that have another one than theirs."""
    endlist: bool = True
    """False: the playlist has no end although the VOD is finished."""
    link_seconds: int | None = None
    """How long playback tokens and links to the CDN live; None: the links for ever and unsigned."""
    link_generation: int = 0
    """Counts on when everything that was given out expires at once; from then on links are signed."""
    views: int = 12
    language: str = "en"
    description: str = ""

    @property
    def media_name(self) -> str:
        """Under which the media are kept: fMP4 and MPEG-TS of one name are not the same files."""
        if self.container == "ts":
            return self.media
        return f"{self.media}.fmp4-{self.inits}{'-resize' if self.resize else ''}"

    def length(self, now: datetime) -> int:
        """Seconds that can be watched now: whole segments, and at least one."""
        if not self.recording:
            return self.seconds
        elapsed = int((now - self.created_at).total_seconds())
        return max(SEGMENT_SECONDS, min(self.seconds, elapsed - elapsed % SEGMENT_SECONDS))

    def muted_stretches(self) -> list[dict[str, int]]:
        """Helix' `muted_segments`: duration and offset in seconds, neighbours joined."""
        stretches: list[dict[str, int]] = []
        for index in sorted(self.muted):
            offset = index * SEGMENT_SECONDS
            if stretches and stretches[-1]["offset"] + stretches[-1]["duration"] == offset:
                stretches[-1]["duration"] += SEGMENT_SECONDS
            else:
                stretches.append({"duration": SEGMENT_SECONDS, "offset": offset})
        return stretches

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"created_at": self.created_at.isoformat()}

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Vod:
        chapters = [Chapter(Game(**c["game"]), c["start"]) for c in row["chapters"]]
        return cls(**row | {"created_at": parse_time(row["created_at"]), "chapters": chapters})


class Catalogue:
    """All channels and VODs, written to catalogue.json at each change."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.channels: dict[str, Channel] = {}
        self.vods: dict[str, Vod] = {}
        self.first_start = utcnow()

    def load(self) -> bool:
        """Reads the file. False when there is none yet."""
        kept = read_json(self._path)
        if kept is None:
            return False
        self.first_start = parse_time(kept["first_start"])
        self.channels = {row["login"]: Channel(**row) for row in kept["channels"]}
        self.vods = {row["id"]: Vod.from_json(row) for row in kept["vods"]}
        return True

    def save(self) -> None:
        write_json(
            self._path,
            {
                "first_start": self.first_start.isoformat(),
                "channels": [asdict(c) for c in self.channels.values()],
                "vods": [v.to_json() for v in self.vods.values()],
            },
        )

    def add(self, vod: Vod) -> None:
        self.vods[vod.id] = vod
        self.save()

    def expire_links(self, vod: Vod) -> None:
        """Ends all playback tokens and links that were given out for the VOD."""
        vod.link_generation += 1
        self.save()

    def present(self, vod_id: str) -> Vod | None:
        """The VOD, unless it is unknown or deleted."""
        vod = self.vods.get(vod_id)
        return None if vod is None or vod.deleted else vod

    def of_channel(self, login: str) -> list[Vod]:
        """The channel's present VODs, newest first."""
        mine = (v for v in self.vods.values() if v.channel == login and not v.deleted)
        return sorted(mine, key=lambda v: (v.created_at, int(v.id)), reverse=True)

    def by_folder(self, folder: str) -> Vod | None:
        return next((v for v in self.vods.values() if v.folder == folder), None)

    def by_user_id(self, user_id: str) -> Channel | None:
        return next((c for c in self.channels.values() if c.user_id == user_id), None)

    def next_id(self) -> str:
        return str(max((int(v) for v in self.vods), default=2_600_000_000) + 1)

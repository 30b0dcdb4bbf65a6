"""What a download is told, and what it tells on its way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vods.segments import Patience

Renew = Callable[[], tuple[str, Mapping[str, str]]]


@dataclass(frozen=True)
class Job:
    """What to take and where to. `expected_duration` in seconds, `rate_limit` in bytes a second (0: none).

    `target` lies on the same file system as `work_dir`, which belongs to this VOD alone. `quality` tells part files of
    different qualities apart; `ffmpeg` is FFMPEG_PATH, "" for the system's or the built-in one.

    `connections` is how many are used at first, `most_connections` how many when more make it faster (0: three
    times as many). Downloads that name the same `rate_folder` share `rate_limit`, in whichever process.
    `renew` gives a fresh playlist address and its headers when the old ones ran out; it is asked at most twice in one
    `take`, may take its time, and what it raises ends the download.
    """

    twitch_id: str
    playlist_url: str
    headers: Mapping[str, str]
    work_dir: Path
    target: Path
    expected_duration: float | None
    connections: int = 8
    most_connections: int = 0
    accept_gap: bool = False
    rate_limit: int = 0
    rate_folder: Path | None = None
    quality: str = ""
    ffmpeg: str = ""
    patience: Patience = field(default_factory=Patience)
    renew: Renew | None = None

    @property
    def part(self) -> Path:
        return self.work_dir / f"{self.twitch_id}.part"

    @property
    def remuxed(self) -> Path:
        return self.work_dir / f"{self.twitch_id}.mp4.part"

    @property
    def most(self) -> int:
        """The most connections at once. A limited rate needs no more than asked for."""
        if self.rate_limit:
            return self.connections
        return max(self.connections, self.most_connections or 3 * self.connections)


@dataclass(frozen=True)
class Progress:
    """How far it is. `bytes_total` is an estimate from what is here, None before the first segment."""

    bytes_done: int
    bytes_total: int | None
    segments_done: int
    segments_total: int
    segments_resumed: int

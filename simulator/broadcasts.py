"""Who is live: broadcasts that begin, end, and leave a VOD behind."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from . import DEMO_CHANNEL
from .catalogue import LONGEST_BROADCAST_VOD, SEGMENT_SECONDS, Catalogue, Chapter, Vod
from .documents import parse_time, read_json, rfc3339, utcnow, write_json
from .media import MediaRoom
from .recipes import Recipe
from .seed import CELESTE, cdn_folder

_MEDIA = ("broadcast-odd", "broadcast-even")


@dataclass
class Broadcast:
    """A broadcast that runs now. Times are ISO strings; no `ends_at` means until it is told to stop."""

    number: int
    stream_id: str
    vod_id: str
    title: str
    started_at: str
    ends_at: str | None


class Broadcasts:
    """The state machine of all channels, kept in broadcasts.json.

    The demo channel's first broadcast starts with the first start and ends by itself; `pause_seconds` later a second
    one starts and runs on. A broadcast that was stopped by hand is followed by none.
    """

    def __init__(
        self, path: Path, catalogue: Catalogue, media: MediaRoom, broadcast_seconds: float, pause_seconds: float
    ) -> None:
        self._path, self._catalogue, self._pause = path, catalogue, pause_seconds
        for name in _MEDIA:
            media.plan(name, Recipe(LONGEST_BROADCAST_VOD))
        kept = read_json(path)
        self._live: dict[str, Broadcast] = {}
        self._next: dict[str, str] = {}
        self._count: dict[str, int] = {}
        if kept is not None:
            self._live = {login: Broadcast(**row) for login, row in kept["live"].items()}
            self._next, self._count = kept["next"], kept["count"]
        elif broadcast_seconds:
            self._begin(DEMO_CHANNEL, catalogue.first_start, seconds=broadcast_seconds)

    def live(self, login: str) -> Broadcast | None:
        return self._live.get(login)

    def tick(self, now: datetime) -> None:
        """Ends what is over and begins what is due; also what fell into a time when nothing ran."""
        for login, broadcast in list(self._live.items()):
            if broadcast.ends_at and parse_time(broadcast.ends_at) <= now:
                self._end(login, parse_time(broadcast.ends_at))
                self._next[login] = (parse_time(broadcast.ends_at) + timedelta(seconds=self._pause)).isoformat()
                self._save()
        for login, due in list(self._next.items()):
            if parse_time(due) <= now:
                self._begin(login, parse_time(due), seconds=None)

    def set_live(self, login: str, live: bool) -> None:
        """Begins a broadcast that runs until it is stopped (or lets the running one go on), or ends it now."""
        self._next.pop(login, None)
        broadcast = self._live.get(login)
        if live and broadcast is None:
            self._begin(login, utcnow(), seconds=None)
        elif live and broadcast is not None:
            broadcast.ends_at = None
        elif broadcast is not None:
            self._end(login, utcnow())
        self._save()

    def _begin(self, login: str, start: datetime, *, seconds: float | None) -> None:
        number = self._count.get(login, 0) + 1
        stream_id = str(41_800_000_000 + int(start.timestamp()) % 100_000_000)
        title = f"Live now: level {number}"
        vod = Vod(
            id=self._catalogue.next_id(),
            channel=login,
            stream_id=stream_id,
            title=title,
            created_at=start.replace(microsecond=0),
            seconds=LONGEST_BROADCAST_VOD,
            media=_MEDIA[(number - 1) % 2],
            folder=cdn_folder(login, stream_id, start),
            chapters=[Chapter(CELESTE, 0)],
            recording=True,
        )
        self._catalogue.add(vod)
        ends_at = (start + timedelta(seconds=seconds)).isoformat() if seconds else None
        self._live[login] = Broadcast(number, stream_id, vod.id, title, vod.created_at.isoformat(), ends_at)
        self._count[login] = number
        self._next.pop(login, None)
        self._save()

    def _end(self, login: str, at: datetime) -> None:
        broadcast = self._live.pop(login)
        vod = self._catalogue.vods[broadcast.vod_id]
        vod.seconds = max(2 * SEGMENT_SECONDS, vod.length(at))
        vod.recording = False
        self._catalogue.save()
        self._save()

    def to_json(self) -> dict[str, Any]:
        live = {login: asdict(b) for login, b in self._live.items()}
        return {"live": live, "next": self._next, "count": self._count}

    def stream(self, login: str, broadcast: Broadcast) -> dict[str, Any]:
        """The row of GET /helix/streams."""
        channel = self._catalogue.channels[login]
        return {
            "id": broadcast.stream_id,
            "user_id": channel.user_id,
            "user_login": login,
            "user_name": channel.display_name,
            "game_id": CELESTE.id,
            "game_name": CELESTE.name,
            "type": "live",
            "title": broadcast.title,
            "viewer_count": 42,
            "started_at": rfc3339(parse_time(broadcast.started_at)),
            "language": "en",
            "thumbnail_url": f"https://static-cdn.jtvnw.net/previews-ttv/live_user_{login}-{{width}}x{{height}}.jpg",
            "tag_ids": [],
            "tags": ["English"],
            "is_mature": False,
        }

    def _save(self) -> None:
        write_json(self._path, self.to_json())

"""What there is at Twitch: one channel with its VODs and a running broadcast; and the files that tell a test of it."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LOGIN, DISPLAY_NAME, USER_ID = "kornblume_jo", "KornBlume_Jo", "608914227"
BROADCAST_ID = "2588104433"
SUB_ONLY_ID = "2588099120"


@dataclass
class Piece:
    """One segment of a media playlist; `seconds` as its EXTINF says."""

    name: str
    seconds: float


@dataclass
class Vod:
    """A VOD as Twitch has it. `seconds` is what was made, `host` the CDN host, `ivs` the newer form of its master."""

    id: str
    title: str
    created_at: datetime
    seconds: float
    host: str = "dqrpb9wgowsf5.cloudfront.net"
    ivs: bool = False
    noise: bool = False
    muted: int | None = None  # index of the segment that was muted
    kind: str = "archive"
    stream_id: str = ""
    pieces: list[Piece] = field(default_factory=list)

    @property
    def root(self) -> str:
        """The folder at the CDN: a hash, the login, the stream and its start."""
        return f"{int(self.id) * 7919:020x}_{LOGIN}_{self.stream_id}_{int(self.created_at.timestamp())}"


class World:
    """Everything that changes; safe among threads. `folder` is the state folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.RLock()
        self.began = datetime.now(UTC).replace(microsecond=0) - timedelta(seconds=30)
        self.ended: float | None = None  # how long the broadcast was, once it is over
        self.vods = _catalogue(self.began)
        for name in ("requests.log", "unexpected.log", "chat.log"):
            (folder / name).touch()
        self.write("videos.json", [])

    @property
    def broadcast(self) -> Vod:
        return next(vod for vod in self.vods if vod.id == BROADCAST_ID)

    def knob(self, name: str, default: Any) -> Any:
        try:
            return json.loads((self.folder / "knobs.json").read_text()).get(name, default)
        except (OSError, ValueError):
            return default

    def live(self) -> bool:
        """Whether the broadcast runs; its end fixes what its VOD holds: whole segments."""
        with self.lock:
            if self.ended is None and self.knob("broadcast_over", False):
                pieces, elapsed = self.broadcast.pieces, (datetime.now(UTC) - self.began).total_seconds()
                while len(pieces) > 1 and sum(piece.seconds for piece in pieces[:-1]) > elapsed:
                    pieces.pop()
                self.ended = self.broadcast.seconds = sum(piece.seconds for piece in pieces)
            return self.ended is None

    def listed(self) -> list[Vod]:
        """The catalogue, newest first; a VOD for subscribers joins it when the broadcast is over."""
        live = self.live()
        return [vod for vod in self.vods if not (live and vod.id == SUB_ONLY_ID)]

    def length(self, vod: Vod) -> int:
        """Whole seconds, as Twitch tells them; of a running broadcast those so far."""
        if vod.id == BROADCAST_ID and self.live():
            return int((datetime.now(UTC) - self.began).total_seconds())
        return int(vod.seconds)

    def note(self, file: str, **facts: Any) -> None:
        with self.lock, (self.folder / file).open("a") as log:
            log.write(json.dumps({"at": time.time(), **facts}) + "\n")

    def write(self, file: str, content: Any) -> None:
        with self.lock:
            (self.folder / f"{file}.new").write_text(json.dumps(content, indent=1))
            (self.folder / f"{file}.new").replace(self.folder / file)


def _catalogue(began: datetime) -> list[Vod]:
    """Newest first."""

    def ago(**back: float) -> datetime:
        return began - timedelta(**back)

    long_title = "Der lange Ritt durch die Nacht: " + "immer weiter, immer höher, " * 5 + "Ende"
    return [
        Vod(SUB_ONLY_ID, "Only for you", began + timedelta(seconds=5), 30, stream_id="315990112876"),
        Vod(BROADCAST_ID, "Running now!", began, 180, stream_id="315990112233", host="vod-secure.twitch.tv"),
        Vod("2587330017", "GLHF <3 Finale \U0001f33b", ago(days=1, hours=3), 17.3, muted=1, stream_id="315989004871"),
        Vod("2586000123", "highlights of the week", ago(days=1, hours=9), 21, kind="highlight"),
        Vod("2585551204", long_title, ago(days=2), 23.4, noise=True, ivs=True, stream_id="41998877665"),
        Vod("2583107766", "Kaffee & Karten", ago(days=4), 12.5, stream_id="41991234567", host="vod-secure.twitch.tv"),
        Vod("2581000999", "too old to be wanted", ago(days=9), 15, stream_id="41980000001"),
    ]

"""The catalogue of a first start: three channels, and the VODs with their peculiarities."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta

from . import DEMO_CHANNEL, MARATHON_CHANNEL, QUIET_CHANNEL
from .catalogue import Catalogue, Channel, Chapter, Game, Vod
from .faults import FaultBook, Rule

CHATTING = Game("509658", "Just Chatting")
CELESTE = Game("492535", "Celeste")
STARDEW = Game("490744", "Stardew Valley")
NASTY_TITLE = (
    "🎮 \"Quotes\" & 'ticks' ../../../etc/passwd <script>alert(1)</script> $(touch /tmp/x) %(title)s; -rf 名前"
)
MARATHON_VIDEOS = 250

CHANNELS = [
    Channel(DEMO_CHANNEL, "PixelPia", "812345601", "Pixels, platformers and tea.", "2019-04-12T16:20:31Z"),
    Channel(MARATHON_CHANNEL, "MarathonMia", "812345602", "One run after the other.", "2017-01-30T08:01:02Z"),
    Channel(QUIET_CHANNEL, "QuietQuinn", "812345603", "", "2024-11-02T21:14:55Z"),
]

# title, seconds, days before the first start, chapters, subscriber-only. Newest first.
_DEMO_VODS: list[tuple[str, int, float, list[Chapter], bool]] = [
    ("Monday warm-up: first jumps", 24, 1.1, [Chapter(CELESTE, 0)], False),
    ("From the farm to the mountain", 30, 2.2, [Chapter(STARDEW, 0), Chapter(CELESTE, 14)], False),
    (NASTY_TITLE, 36, 3.4, [Chapter(CHATTING, 0)], False),
    ("The connection that came and went", 28, 4.3, [Chapter(CELESTE, 0)], False),
    ("Thank-you stream for subscribers", 20, 5.6, [Chapter(CHATTING, 0)], True),
    ("The one with the hole in it", 40, 6.8, [Chapter(STARDEW, 0)], False),
]
FLAKY, SUB_ONLY, HOLED = 3, 4, 5
HOLE_AT = 6


def cdn_folder(login: str, stream_id: str, created_at: datetime) -> str:
    """The first path part at Twitch's CDN: 20 hex digits, login, stream id, unix time."""
    digest = hashlib.sha1(f"{login}{stream_id}".encode(), usedforsecurity=False).hexdigest()[:20]
    return f"{digest}_{login}_{stream_id}_{int(created_at.timestamp())}"


def vod_id_of_demo(index: int) -> str:
    """Id of the demo channel's base VOD: 0 is the newest, 5 the oldest."""
    return str(2_600_000_500 - 10 * index)


def fill(catalogue: Catalogue, faults: FaultBook, now: datetime) -> None:
    """Makes the first catalogue relative to `now` and gives the peculiar VODs their faults."""
    catalogue.first_start = now
    catalogue.channels = {c.login: c for c in CHANNELS}
    for vod in [*_demo_vods(now), *_marathon_vods(now)]:
        catalogue.vods[vod.id] = vod
    catalogue.save()
    flaky, holed = vod_id_of_demo(FLAKY), vod_id_of_demo(HOLED)
    faults.add(f"vod/{flaky}/segment/2", Rule(status=503, times=1))
    faults.add(f"vod/{flaky}/segment/5", Rule(status=503, times=1))
    faults.add(f"vod/{flaky}/segment/8", Rule(status=429, times=1, retry_after=1))
    faults.add(f"vod/{holed}/segment/{HOLE_AT}", Rule(status=404))


def _demo_vods(now: datetime) -> list[Vod]:
    vods = []
    for index, (title, seconds, days, chapters, sub_only) in enumerate(_DEMO_VODS):
        created_at = (now - timedelta(days=days)).replace(microsecond=0)
        stream_id = str(41_700_000_500 - 10 * index)
        vods.append(
            Vod(
                id=vod_id_of_demo(index),
                channel=DEMO_CHANNEL,
                stream_id=stream_id,
                title=title,
                created_at=created_at,
                seconds=seconds,
                media=f"base{index}",
                folder=cdn_folder(DEMO_CHANNEL, stream_id, created_at),
                chapters=chapters,
                sub_only=sub_only,
                views=40 + index,
            )
        )
    return vods


def _marathon_vods(now: datetime) -> list[Vod]:
    vods = []
    for index in range(MARATHON_VIDEOS):
        created_at = (now - timedelta(hours=30 + 9 * index)).replace(microsecond=0)
        stream_id = str(41_600_009_000 - 10 * index)
        vods.append(
            Vod(
                id=str(2_500_009_000 - 10 * index),
                channel=MARATHON_CHANNEL,
                stream_id=stream_id,
                title=f"Marathon, run {MARATHON_VIDEOS - index}",
                created_at=created_at,
                seconds=20,
                media="marathon",
                folder=cdn_folder(MARATHON_CHANNEL, stream_id, created_at),
                chapters=[Chapter(CELESTE, 0)],
                muted=[2, 3, 7] if index == 1 else [],
            )
        )
    return vods

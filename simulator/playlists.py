"""A VOD's media playlist, and which segment a file name at the CDN means."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from math import ceil

from .catalogue import SEGMENT_SECONDS, Vod
from .documents import rfc3339
from .recipes import shares

_NAME = re.compile(r"(\d{1,9})(-muted)?\.(ts|mp4)")
_INIT = re.compile(r"init-(\d{1,4})\.mp4")


def suffix(vod: Vod) -> str:
    return "mp4" if vod.container == "fmp4" else "ts"


def count(vod: Vod, now: datetime) -> int:
    """Segments that the VOD has now, those included that were dropped from the playlist."""
    return ceil(vod.length(now) / SEGMENT_SECONDS)


def segment_of(vod: Vod, name: str) -> tuple[int, bool] | None:
    """The segment's number and whether the name asks for the muted one; None for a name that the VOD does not have."""
    number, muted = next((int(n) for n, new in vod.renamed.items() if new == name), None), False
    if number is not None:
        muted = number in vod.muted
    elif (match := _NAME.fullmatch(name)) and match[3] == suffix(vod) and str(int(match[1])) not in vod.renamed:
        number, muted = int(match[1]), bool(match[2])
    return None if number is None or number in vod.dropped else (number, muted)


def init_of(vod: Vod, name: str) -> int | None:
    """The number of the init section with this file name."""
    match = _INIT.fullmatch(name)
    return int(match[1]) if match and vod.container == "fmp4" and int(match[1]) < vod.inits else None


def text(vod: Vod, durations: Sequence[float], now: datetime, query: str) -> str:
    """The playlist. `durations` are the media's; `query` comes after every name, as signed links want it."""
    total = count(vod, now)
    seconds = [durations[number % len(durations)] for number in range(total)]
    lines = [
        "#EXTM3U",
        f"#EXT-X-VERSION:{6 if vod.container == 'fmp4' else 3}",
        f"#EXT-X-TARGETDURATION:{ceil(max(seconds))}",
        f"#ID3-EQUIV-TDTG:{rfc3339(now)[:-1]}",
        "#EXT-X-PLAYLIST-TYPE:EVENT",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-TWITCH-ELAPSED-SECS:0.000",
        f"#EXT-X-TWITCH-TOTAL-SECS:{sum(seconds):.3f}",
    ]
    if vod.container == "fmp4":
        maps = {share.start: n for n, share in enumerate(shares(len(durations), vod.inits)) if share}
    else:
        maps = {}
    end, dropped, muted = f".{suffix(vod)}", set(vod.dropped), set(vod.muted)
    for number in range(total):
        if number in maps:
            if number and vod.discontinuities:
                lines.append("#EXT-X-DISCONTINUITY")
            lines.append(f'#EXT-X-MAP:URI="init-{maps[number]}.mp4{query}"')
        if number in dropped:
            continue
        name = vod.renamed.get(str(number)) or f"{number}{'-muted' if number in muted else ''}{end}"
        lines += [f"#EXTINF:{seconds[number]:.3f},", f"{name}{query}"]
    if vod.endlist and not vod.recording:
        lines.append("#EXT-X-ENDLIST")
    return "\n".join(lines) + "\n"

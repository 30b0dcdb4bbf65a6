"""HLS media playlists of VODs (RFC 8216): parsed into segments with their times.

Understood: MPEG-TS, and fMP4 with one init section. Everything else is refused with a sentence, never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from vodtender.http import ErrorKind, ServiceError

SERVICE = "Twitch"
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')


@dataclass(frozen=True)
class Segment:
    """One piece of the video. `index` counts from 0 in this playlist, `start` and `duration` are in seconds."""

    index: int
    sequence: int
    name: str
    url: str
    start: float
    duration: float


@dataclass(frozen=True)
class MediaPlaylist:
    """A finished media playlist. `init` is the fMP4 init section (index -1), None for MPEG-TS."""

    segments: tuple[Segment, ...]
    init: Segment | None
    target_duration: float
    discontinuities: int

    @property
    def duration(self) -> float:
        """The sum of all EXTINF durations, in seconds."""
        return sum(segment.duration for segment in self.segments)

    @property
    def pieces(self) -> tuple[Segment, ...]:
        """What is to be fetched, in file order: the init section first, when there is one."""
        return ((self.init,) if self.init else ()) + self.segments

    @property
    def folder(self) -> str:
        """The last folder of the segments' path (on Twitch the quality, e.g. `chunked`); "" when there is none."""
        return urlsplit(self.segments[0].url).path.rpartition("/")[0].rpartition("/")[2]


def segment_name(url: str) -> str:
    """The last path component, without query: what stays the same when host or token change."""
    return urlsplit(url).path.rpartition("/")[2]


class _Reader:
    """Collects the state that tags leave for the lines after them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.segments: list[Segment] = []
        self.init: Segment | None = None
        self.target = 0.0
        self.sequence = 0
        self.discontinuities = 0
        self.ended = False
        self._start = 0.0
        self._duration: float | None = None

    def tag(self, line: str) -> None:
        name, _, value = line.partition(":")
        match name:
            case "#EXTINF":
                self._duration = _number(value.partition(",")[0], "EXTINF")
            case "#EXT-X-TARGETDURATION":
                self.target = _number(value, "target duration")
            case "#EXT-X-MEDIA-SEQUENCE":
                self.sequence = int(_number(value, "media sequence"))
            case "#EXT-X-DISCONTINUITY":
                self.discontinuities += 1
            case "#EXT-X-ENDLIST":
                self.ended = True
            case "#EXT-X-MAP":
                self._map(value)
            case "#EXT-X-KEY":
                if _attributes(value).get("METHOD") != "NONE":
                    raise _unsupported("it is encrypted")
            case "#EXT-X-BYTERANGE":
                raise _unsupported("its segments are byte ranges of one file")
            case "#EXT-X-STREAM-INF":
                raise _unsupported("it is a list of qualities, not of segments")
            case _:
                pass

    def uri(self, line: str) -> None:
        if self._duration is None:
            raise _unsupported(f"its segment {len(self.segments)} has no duration")
        index = len(self.segments)
        url = self._absolute(line)
        segment = Segment(index, self.sequence + index, segment_name(url), url, self._start, self._duration)
        self.segments.append(segment)
        self._start += self._duration
        self._duration = None

    def _map(self, value: str) -> None:
        attributes = _attributes(value)
        if "BYTERANGE" in attributes:
            raise _unsupported("its init section is a byte range")
        url = self._absolute(attributes.get("URI", ""))
        if (self.init is not None and self.init.url != url) or (self.segments and self.init is None):
            raise _unsupported("it changes its fMP4 init section inside the video, which is not supported yet")
        self.init = Segment(-1, -1, segment_name(url), url, 0.0, 0.0)

    def _absolute(self, uri: str) -> str:
        url = urljoin(self.url, uri.strip())
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise _unsupported("it names an address that is not http or https")
        return url


def parse(text: str, url: str) -> MediaPlaylist:
    """Parse a VOD's media playlist that came from `url`.

    Raises ServiceError: TRANSIENT when it is no playlist or the broadcast goes on, INVALID when its kind is unknown.
    """
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    if not lines or lines[0] != "#EXTM3U":
        text = "What came as the VOD's playlist is no playlist. It is tried again; a proxy may be in the way."
        raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text)
    reader = _Reader(url)
    for line in lines[1:]:
        if line.startswith("#"):
            reader.tag(line)
        elif line:
            reader.uri(line)
    if not reader.ended:
        text = "The VOD's playlist has no end yet: the broadcast still runs. It is downloaded when it is over."
        raise ServiceError(SERVICE, ErrorKind.TRANSIENT, text)
    if not reader.segments:
        raise _unsupported("it has no segments")
    target = reader.target or max(segment.duration for segment in reader.segments)
    return MediaPlaylist(tuple(reader.segments), reader.init, target, reader.discontinuities)


def _attributes(value: str) -> dict[str, str]:
    return {name: text.strip('"') for name, text in _ATTRIBUTE.findall(value)}


def _number(value: str, what: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = -1.0
    if not 0.0 <= number < 1e9:
        raise _unsupported(f"its {what} is not a sensible number")
    return number


def _unsupported(why: str) -> ServiceError:
    return ServiceError(
        SERVICE, ErrorKind.INVALID, f"The VOD's playlist cannot be taken: {why}. Another quality may work."
    )

"""HLS media playlists of VODs (RFC 8216): parsed into segments with their times.

Understood: MPEG-TS, and fMP4 with any number of init sections. Everything else is refused with a sentence, never
guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from urllib.parse import urljoin, urlsplit

from vodtender.http import ErrorKind, ServiceError

SERVICE = "Twitch"
_ATTRIBUTE = re.compile(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)')
_MUTED = re.compile(r"-(?:un)?muted(?=\.[A-Za-z0-9]+$)")
_SIMPLE = re.compile(r"[A-Za-z0-9_.-]+")  # a name that urljoin would just put after the folder


class StillGrowing(ServiceError):
    """The playlist has no end: the broadcast still runs, and what is there now is only its beginning (TRANSIENT)."""

    def __init__(self) -> None:
        text = "The VOD's playlist has no end yet: the broadcast still runs. It is downloaded when it is over."
        super().__init__(SERVICE, ErrorKind.TRANSIENT, text)


@dataclass(frozen=True, slots=True)
class Segment:
    """One piece of the video. `index` counts from 0 in this playlist, `start` and `duration` are in seconds.

    `name` is the last part of its path without the mark of muted sound, so that it stays the same when host, token or
    muting change; `url` is what the playlist says. An init section has index and sequence -1 (-2 for the second, …).
    `group` counts the init sections: what has the same number plays with the same init section.
    """

    index: int
    sequence: int
    name: str
    url: str
    start: float
    duration: float
    group: int = 0

    @property
    def is_init(self) -> bool:
        return self.sequence < 0

    @property
    def listed_muted(self) -> bool:
        """Whether the playlist names the version without (all of) its sound. Twitch marks it in the file's name."""
        return _MUTED.search(urlsplit(self.url).path) is not None

    @property
    def unmuted_url(self) -> str:
        return _with_mark(self.url, "")

    @property
    def muted_url(self) -> str:
        return _with_mark(self.url, "-muted")


@dataclass(frozen=True)
class MediaPlaylist:
    """A finished media playlist. `pieces` is what is to be fetched, in file order, init sections before their own."""

    segments: tuple[Segment, ...]
    pieces: tuple[Segment, ...]
    target_duration: float
    discontinuities: int

    @cached_property
    def duration(self) -> float:
        """The sum of all EXTINF durations, in seconds."""
        return sum(segment.duration for segment in self.segments)

    @property
    def fragmented(self) -> bool:
        """fMP4 with init sections, else MPEG-TS."""
        return len(self.pieces) > len(self.segments)

    @property
    def groups(self) -> int:
        return self.segments[-1].group + 1

    @property
    def folder(self) -> str:
        """The last folder of the segments' path (on Twitch the quality, e.g. `chunked`); "" when there is none."""
        return urlsplit(self.segments[0].url).path.rpartition("/")[0].rpartition("/")[2]


def segment_name(url: str) -> str:
    """The last path component without query and mark of muted sound."""
    return _MUTED.sub("", urlsplit(url).path.rpartition("/")[2])


def _with_mark(url: str, mark: str) -> str:
    parts = urlsplit(url)
    folder, slash, name = parts.path.rpartition("/")
    stem, dot, ending = _MUTED.sub("", name).rpartition(".")
    return parts._replace(path=f"{folder}{slash}{stem}{mark}{dot}{ending}").geturl()


class _Reader:
    """Collects the state that tags leave for the lines after them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.segments: list[Segment] = []
        self.pieces: list[Segment] = []
        self.target = 0.0
        self.sequence = 0
        self.discontinuities = 0
        self.ended = False
        self._base = urljoin(url, "x")[:-1]
        self._init: str | None = None
        self._group = -1
        self._begin_group = False
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
                self._begin_group = True  # fMP4's clock may begin anew, and a demuxer takes it from the init on
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
        if self._init is not None and self._begin_group:
            self._group += 1
            name = segment_name(self._init)
            self.pieces.append(
                Segment(-1 - self._group, -1 - self._group, name, self._init, self._start, 0.0, self._group)
            )
        self._begin_group = False
        index = len(self.segments)
        url, name = self._named(line)
        group = max(self._group, 0)
        segment = Segment(index, self.sequence + index, name, url, self._start, self._duration, group)
        self.segments.append(segment)
        self.pieces.append(segment)
        self._start += self._duration
        self._duration = None

    def _map(self, value: str) -> None:
        attributes = _attributes(value)
        if "BYTERANGE" in attributes:
            raise _unsupported("its init section is a byte range")
        url = self._absolute(attributes.get("URI", ""))
        if self._init is None and self.segments:
            raise _unsupported("it changes from MPEG-TS to fMP4 inside the video")
        self._begin_group = self._begin_group or url != self._init
        self._init = url

    def _named(self, uri: str) -> tuple[str, str]:
        if _SIMPLE.fullmatch(uri) and uri not in {".", ".."}:  # nearly always, and ten times as fast
            return self._base + uri, _MUTED.sub("", uri)
        url = self._absolute(uri)
        return url, segment_name(url)

    def _absolute(self, uri: str) -> str:
        url = urljoin(self.url, uri.strip())
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            raise _unsupported("it names an address that is not http or https")
        return url


def parse(text: str, url: str) -> MediaPlaylist:
    """Parse a VOD's media playlist that came from `url`, which is http or https.

    Raises ServiceError: TRANSIENT when it is no playlist, INVALID when its kind is unknown; StillGrowing.
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
        raise StillGrowing
    if not reader.segments:
        raise _unsupported("it has no segments")
    target = reader.target or max(segment.duration for segment in reader.segments)
    return MediaPlaylist(tuple(reader.segments), tuple(reader.pieces), target, reader.discontinuities)


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

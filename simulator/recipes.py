"""What media are made of: the qualities, and ffmpeg's arguments for them."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from pathlib import Path

from . import clock
from .catalogue import SEGMENT_SECONDS
from .ffmpeg import Argument

STORYBOARD_COLUMNS = 5
STORYBOARD_COUNT = STORYBOARD_COLUMNS * STORYBOARD_COLUMNS
STORYBOARD_SIZES = {"high": (220, 124), "low": (110, 62)}
SOUND_RATE, SOUND_FRAME = 48_000, 1024
_SOUND_ENDS_BEFORE = 0.03
"""Seconds: the tone ends a moment before the picture, so that no segment holds sound alone."""


@dataclass(frozen=True)
class Quality:
    """One rendition: its folder at the CDN and what the master playlist says of it."""

    folder: str
    name: str
    size: tuple[int, int] | None
    bandwidth: int
    codecs: str


QUALITIES = (
    Quality("chunked", "360p30", (clock.WIDTH, clock.HEIGHT), 630_000, "avc1.42C01E,mp4a.40.2"),
    Quality("160p30", "160p", (284, 160), 230_000, "avc1.42C00D,mp4a.40.2"),
    Quality("audio_only", "Audio Only", None, 90_000, "mp4a.40.2"),
)
_SIZES, _OTHER_SIZES = ((clock.WIDTH, clock.HEIGHT), (284, 160)), ((480, 270), (256, 144))


@dataclass(frozen=True)
class Recipe:
    """How media of a name are made."""

    seconds: int
    kbps: int | None = None
    """Constant bit rate of the source quality in kbit/s, for media that have one."""
    container: str = "ts"
    """`ts`, or `fmp4`: fragments that need an init section."""
    inits: int = 1
    """fMP4 only: how many init sections there are, each for its share of the segments."""
    resize: bool = False
    """fMP4 only: every second share has another picture size."""
    silent: bool = False
    """The same pictures and times, and silence for a tone: what muted segments are taken from."""

    @property
    def suffix(self) -> str:
        return "mp4" if self.container == "fmp4" else "ts"


@dataclass(frozen=True)
class Part:
    """The share of one encoder: segments from `first` up to, not including, `end`."""

    index: int
    first: int
    end: int
    start: int
    """Seconds from the start of the media."""
    seconds: int


def shares(segments: int, inits: int) -> list[range]:
    """Which segments belong to which init section: shares that differ by one at most."""
    return [range(segments * n // inits, segments * (n + 1) // inits) for n in range(inits)]


def parts(recipe: Recipe) -> list[Part]:
    """What is encoded apart: all of it for TS, each init section's share for fMP4."""
    inits = recipe.inits if recipe.container == "fmp4" else 1
    made = []
    for index, share in enumerate(shares(ceil(recipe.seconds / SEGMENT_SECONDS), inits)):
        start = share.start * SEGMENT_SECONDS
        seconds = min(share.stop * SEGMENT_SECONDS, recipe.seconds) - start
        made.append(Part(index, share.start, share.stop, start, seconds))
    return made


def packets(part: Part) -> tuple[int, int]:
    """Packets of picture and of sound that a part must have; AAC's encoder begins with one of its own."""
    samples = round((part.seconds - _SOUND_ENDS_BEFORE) * SOUND_RATE)
    return part.seconds * clock.FRAME_RATE, ceil(samples / SOUND_FRAME) + 1


def playlist(folder: Path, part: Part) -> Path:
    """ffmpeg's own playlist of a part in a quality's folder."""
    return folder / f"made-{part.index}.m3u8"


def arguments(recipe: Recipe, part: Part, folder: Path, *, tone: int) -> list[Argument]:
    """ffmpeg's arguments: a picture with both clocks and a tone, three HLS outputs, of the first part three JPEGs."""
    odd = part.index % 2 == 1
    sizes = _OTHER_SIZES if recipe.resize and odd else _SIZES
    with_jpegs = part.index == 0
    size, sounding = f"{clock.WIDTH}x{clock.HEIGHT}", part.seconds - _SOUND_ENDS_BEFORE
    drawn = recipe.seconds if with_jpegs else part.start + part.seconds
    inputs: list[Argument] = [
        *("-f", "lavfi", "-i", f"testsrc=size={size}:rate={clock.FRAME_RATE}:duration={drawn}"),
        *("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate={SOUND_RATE}:duration={sounding:g}"),
    ]
    picture: list[Argument] = ["-c:v", "libx264", "-preset", "ultrafast", "-g", clock.FRAME_RATE * SEGMENT_SECONDS]
    picture += ["-sc_threshold", 0]
    return [
        *inputs,
        *("-filter_complex", _graph(recipe, part, sizes, with_jpegs=with_jpegs)),
        *("-map", "[source]", "-map", "[a0]", *picture, *_rate(recipe, 28, other_coding=odd)),
        *_hls(recipe, part, folder / "chunked"),
        *("-map", "[small]", "-map", "[a1]", *picture, *_rate(Recipe(0), 30, other_coding=odd)),
        *_hls(recipe, part, folder / "160p30"),
        *("-map", "[a2]", *_hls(recipe, part, folder / "audio_only")),
        *(_jpegs(folder) if with_jpegs else ()),
    ]


def _graph(recipe: Recipe, part: Part, sizes: tuple[tuple[int, int], ...], *, with_jpegs: bool) -> str:
    high, low, columns = STORYBOARD_SIZES["high"], STORYBOARD_SIZES["low"], STORYBOARD_COLUMNS
    (width, height), (small_width, small_height) = sizes
    drawn = f"[0:v]format=yuv420p,{clock.drawing()}"
    chains = [
        f"{drawn},split=3[all][toboard][tothumb]" if with_jpegs else f"{drawn}[all]",
        f"[all]trim=start={part.start}:duration={part.seconds},setpts=PTS-STARTPTS,split[whole][toscale]",
        f"[whole]scale={width}:{height}[source]",
        f"[toscale]scale={small_width}:{small_height}[small]",
        f"[1:a]{'volume=0,' if recipe.silent else ''}asplit=3[a0][a1][a2]",
    ]
    if with_jpegs:
        chains += [
            r"[tothumb]select=eq(n\,30)[thumb]",
            f"[toboard]fps={STORYBOARD_COUNT}/{recipe.seconds}[few]",
            f"[few]scale={high[0]}:{high[1]},tile={columns}x{columns},split[high][tolow]",
            f"[tolow]scale={low[0] * columns}:{low[1] * columns}[low]",
        ]
    return ";".join(chains)


def _rate(recipe: Recipe, quality: int, *, other_coding: bool) -> list[Argument]:
    """Every second init section tells of another entropy coding: pictures do not decode with the wrong one."""
    coding = ["cabac=1"] if other_coding else []
    if not recipe.kbps:
        return ["-crf", quality, *(("-x264-params", coding[0]) if coding else ())]
    rate = f"{recipe.kbps}k"
    constant: list[Argument] = ["-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate]
    return [*constant, "-x264-params", ":".join(["nal-hrd=cbr", "force-cfr=1", *coding])]


def _hls(recipe: Recipe, part: Part, folder: Path) -> list[Argument]:
    options: list[Argument] = [
        *("-c:a", "aac", "-b:a", "64k"),
        # Without this the muxer goes on without the sound when a busy machine keeps its encoder waiting.
        *("-max_interleave_delta", 0),
    ]
    if recipe.container == "fmp4":
        # The fragments' times go on over all parts, as those of a broadcast do.
        options += ["-output_ts_offset", part.start, "-hls_segment_options", "movflags=+frag_discont"]
        options += ["-hls_segment_type", "fmp4", "-hls_fmp4_init_filename", f"init-{part.index}.mp4"]
    return [
        *options,
        *("-f", "hls", "-hls_time", SEGMENT_SECONDS, "-hls_list_size", 0, "-start_number", part.first),
        *("-hls_segment_filename", folder / f"%d.{recipe.suffix}", playlist(folder, part)),
    ]


def _jpegs(folder: Path) -> list[Argument]:
    return [
        *("-map", "[high]", "-frames:v", 1, "-update", 1, folder / "storyboard-high.jpg"),
        *("-map", "[low]", "-frames:v", 1, "-update", 1, folder / "storyboard-low.jpg"),
        *("-map", "[thumb]", "-frames:v", 1, "-update", 1, folder / "thumb.jpg"),
    ]

"""The pictures and the sound: MPEG-TS segments in three qualities, storyboard and thumbnails, made once by ffmpeg."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import clock
from .catalogue import SEGMENT_SECONDS
from .documents import read_json, write_json
from .ffmpeg import ended_with_parent, executable

logger = logging.getLogger(__name__)

STORYBOARD_COLUMNS = 5
STORYBOARD_COUNT = STORYBOARD_COLUMNS * STORYBOARD_COLUMNS
STORYBOARD_SIZES = {"high": (220, 124), "low": (110, 62)}
LARGEST_THUMBNAIL = 1920

Argument = str | Path | int | float


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


class MediaRoom:
    """Makes and keeps media by name. `prepare` queues them, `ready` waits for one and puts it first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._seconds: dict[str, int] = {}
        self._kbps: dict[str, int] = {}
        self._tasks: dict[str, asyncio.Task[Path]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None

    def plan(self, name: str, seconds: int, kbps: int | None = None) -> None:
        """Says how long (seconds) media of this name are, and their constant bit rate in kbit/s if they have one."""
        self._seconds[name] = max(seconds, self._seconds.get(name, 0))
        if kbps:
            self._kbps[name] = kbps

    def start(self) -> None:
        """Makes everything planned in the background, in the order of planning."""
        for left_over in self._folder.glob(".*.new"):
            maker = left_over.name.split(".")[-2]
            if not Path(f"/proc/{maker}").exists():
                shutil.rmtree(left_over, ignore_errors=True)
        self._background = asyncio.create_task(self._make_all())

    async def stop(self) -> None:
        tasks = [t for t in [self._background, *self._tasks.values()] if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self, name: str) -> Path:
        """The media's folder, when it is made. Raises KeyError for media that nobody planned."""
        folder = self._folder / name
        if (folder / "index.json").exists():
            return folder
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(self._make(name, self._seconds[name]))
        return await asyncio.shield(self._tasks[name])

    async def durations(self, name: str, quality: str) -> list[float]:
        """Seconds of every segment of a quality."""
        index: dict[str, list[float]] = read_json(await self.ready(name) / "index.json") or {}
        return index[quality]

    async def thumbnail(self, name: str, width: int, height: int) -> bytes:
        """A JPEG of the asked size; 0 by 0 is the full size. Sizes are made when first asked for."""
        folder = await self.ready(name)
        if not width or not height:
            return (folder / "thumb.jpg").read_bytes()
        width, height = min(width, LARGEST_THUMBNAIL), min(height, LARGEST_THUMBNAIL)
        sized = folder / f"thumb-{width}x{height}.jpg"
        if not sized.exists():
            beside = folder / f".thumb-{width}x{height}.jpg"
            await _run(
                "-i", folder / "thumb.jpg", "-vf", f"scale={width}:{height}", "-frames:v", 1, "-update", 1, beside
            )
            beside.replace(sized)
        return sized.read_bytes()

    async def _make_all(self) -> None:
        for name in list(self._seconds):
            try:
                await self.ready(name)
            except RuntimeError:
                logger.exception("media %s could not be made", name)

    async def _make(self, name: str, seconds: int) -> Path:
        async with self._one_at_a_time:
            folder = self._folder / name
            if (folder / "index.json").exists():
                return folder
            beside = self._folder / f".{name}.{os.getpid()}.new"
            shutil.rmtree(beside, ignore_errors=True)
            for quality in QUALITIES:
                (beside / quality.folder).mkdir(parents=True)
            await _run(*_recipe(beside, seconds, tone=330 + 40 * (sum(name.encode()) % 12), kbps=self._kbps.get(name)))
            write_json(beside / "index.json", {q.folder: _durations(beside / q.folder) for q in QUALITIES})
            with contextlib.suppress(OSError):  # Another simulator that shares the folder was faster.
                beside.rename(folder)
            shutil.rmtree(beside, ignore_errors=True)
            return folder


def _durations(folder: Path) -> list[float]:
    return [float(d) for d in re.findall(r"#EXTINF:([\d.]+)", (folder / "made.m3u8").read_text())]


def _recipe(folder: Path, seconds: int, *, tone: int, kbps: int | None) -> list[Argument]:
    """ffmpeg's arguments: one picture with both clocks and one tone, three HLS outputs, three JPEGs."""
    high, low = STORYBOARD_SIZES["high"], STORYBOARD_SIZES["low"]
    columns = STORYBOARD_COLUMNS
    graph = (
        f"[0:v]format=yuv420p,{clock.drawing()},split=4[source][toscale][toboard][tothumb];"
        f"[toscale]scale=284:160[small];[tothumb]select=eq(n\\,30)[thumb];"
        f"[toboard]fps={STORYBOARD_COUNT}/{seconds},scale={high[0]}:{high[1]},tile={columns}x{columns},split[high][tolow];"
        f"[tolow]scale={low[0] * columns}:{low[1] * columns}[low];[1:a]asplit=3[a0][a1][a2]"
    )
    size = f"{clock.WIDTH}x{clock.HEIGHT}"
    # The tone ends a moment before the picture, so that no segment holds sound alone.
    inputs: list[Argument] = [
        *("-f", "lavfi", "-i", f"testsrc=size={size}:rate={clock.FRAME_RATE}:duration={seconds}"),
        *("-f", "lavfi", "-i", f"sine=frequency={tone}:sample_rate=48000:duration={seconds - 0.03}"),
    ]
    picture: list[Argument] = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        clock.FRAME_RATE * SEGMENT_SECONDS,
        "-sc_threshold",
        0,
    ]
    source_rate: list[Argument] = ["-crf", 28]
    if kbps:
        source_rate = ["-b:v", f"{kbps}k", "-minrate", f"{kbps}k", "-maxrate", f"{kbps}k", "-bufsize", f"{kbps}k"]
        source_rate += ["-x264-params", "nal-hrd=cbr:force-cfr=1"]
    return [
        *inputs,
        *("-filter_complex", graph),
        *("-map", "[source]", "-map", "[a0]", *picture, *source_rate, *_hls(folder / "chunked")),
        *("-map", "[small]", "-map", "[a1]", *picture, "-crf", 30, *_hls(folder / "160p30")),
        *("-map", "[a2]", *_hls(folder / "audio_only")),
        *("-map", "[high]", "-frames:v", 1, "-update", 1, folder / "storyboard-high.jpg"),
        *("-map", "[low]", "-frames:v", 1, "-update", 1, folder / "storyboard-low.jpg"),
        *("-map", "[thumb]", "-frames:v", 1, "-update", 1, folder / "thumb.jpg"),
    ]


def _hls(folder: Path) -> list[Argument]:
    sound: list[Argument] = ["-c:a", "aac", "-b:a", "64k"]
    return [
        *sound,
        # Without this the muxer goes on without the sound when a busy machine keeps its encoder waiting.
        *("-max_interleave_delta", 0),
        *("-f", "hls", "-hls_time", SEGMENT_SECONDS, "-hls_list_size", 0),
        *("-hls_segment_filename", folder / "%d.ts", folder / "made.m3u8"),
    ]


async def _run(*arguments: Argument) -> None:
    """Runs ffmpeg; kills it when the task is cancelled. Raises RuntimeError with the end of what it said."""
    process = await asyncio.create_subprocess_exec(
        *(*ended_with_parent(), executable(), "-nostdin", "-v", "error", "-y", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise RuntimeError(f"ffmpeg ended with {process.returncode}: {said.decode(errors='replace').strip()[-800:]}")

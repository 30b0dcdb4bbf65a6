"""The pictures and the sound: segments of three qualities, storyboard and thumbnails, made once by ffmpeg, counted."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import re
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

from . import mpegts
from .documents import read_json, write_json
from .ffmpeg import Argument, run
from .recipes import QUALITIES, Recipe, arguments, packets, parts, playlist

logger = logging.getLogger(__name__)

LARGEST_THUMBNAIL = 1920
TRIES = 3
_SILENT = ".silent"


class MediaRoom:
    """Makes and keeps media by name. `start` makes all that was planned, `ready` waits for one and puts it first."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._recipes: dict[str, Recipe] = {}
        self._durations: dict[str, dict[str, list[float]]] = {}
        self._counters: dict[Path, dict[int, int]] = {}
        self._tasks: dict[str, asyncio.Task[Path]] = {}
        self._one_at_a_time = asyncio.Lock()
        self._background: asyncio.Task[None] | None = None

    def plan(self, name: str, recipe: Recipe) -> None:
        """Says how media of this name are made; the longest plan of a name holds."""
        known = self._recipes.get(name)
        if known is None or known.seconds < recipe.seconds:
            self._recipes[name] = recipe

    def recipe(self, name: str) -> Recipe | None:
        return self._recipes.get(name)

    def start(self, *, ahead: bool = True) -> None:
        """Makes everything planned in the background, in the order of planning; nothing when not `ahead`."""
        for left_over in self._folder.glob(".*.new"):
            maker = left_over.name.split(".")[-2]
            if not Path(f"/proc/{maker}").exists():
                shutil.rmtree(left_over, ignore_errors=True)
        if ahead:
            self._background = asyncio.create_task(self._make_all())

    async def stop(self) -> None:
        tasks = [t for t in [self._background, *self._tasks.values()] if t is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def ready(self, name: str, *, silent: bool = False) -> Path:
        """The media's folder, or that of its silent twin, when it is made. Raises KeyError for what nobody planned."""
        recipe = self._recipes[name]
        if silent:
            name, recipe = name + _SILENT, replace(recipe, silent=True)
        folder = self._folder / name
        if (folder / "index.json").exists():
            return folder
        if name not in self._tasks or self._tasks[name].done():
            self._tasks[name] = asyncio.create_task(self._make(name, recipe))
        return await asyncio.shield(self._tasks[name])

    async def durations(self, name: str, quality: str) -> list[float]:
        """Seconds of every segment of a quality."""
        if name not in self._durations:
            self._durations[name] = read_json(await self.ready(name) / "index.json") or {}
        return self._durations[name][quality]

    async def repeated(self, name: str, quality: str, number: int, *, silent: bool = False) -> bytes:
        """Segment `number` of MPEG-TS media that begin anew at their end: times and packet counters go on rising."""
        count = len(await self.durations(name, quality))
        folder = await self.ready(name, silent=silent) / quality
        content = (folder / f"{number % count}.ts").read_bytes()
        cycle = number // count
        if not cycle:
            return content
        if folder not in self._counters:
            files = (folder / f"{n}.ts" for n in range(count))
            self._counters[folder] = mpegts.counters(file.read_bytes() for file in files)
        ticks = cycle * self._recipes[name].seconds * mpegts.TICKS
        steps = {pid: cycle * used % 16 for pid, used in self._counters[folder].items()}
        return mpegts.shifted(content, ticks, steps)

    async def thumbnail(self, name: str, width: int, height: int) -> bytes:
        """A JPEG of the asked size; 0 by 0 is the full size. Sizes are made when first asked for."""
        folder = await self.ready(name)
        if not width or not height:
            return (folder / "thumb.jpg").read_bytes()
        width, height = min(width, LARGEST_THUMBNAIL), min(height, LARGEST_THUMBNAIL)
        sized = folder / f"thumb-{width}x{height}.jpg"
        if not sized.exists():
            beside = folder / f".thumb-{width}x{height}.jpg"
            scale = f"scale={width}:{height}"
            await run("-i", folder / "thumb.jpg", "-vf", scale, "-frames:v", 1, "-update", 1, beside)
            beside.replace(sized)
        return sized.read_bytes()

    async def _make_all(self) -> None:
        for name in list(self._recipes):
            try:
                await self.ready(name)
            except RuntimeError:
                logger.exception("media %s could not be made", name)

    async def _make(self, name: str, recipe: Recipe) -> Path:
        async with self._one_at_a_time:
            folder = self._folder / name
            if (folder / "index.json").exists():
                return folder
            beside = self._folder / f".{name}.{os.getpid()}.new"
            tone = 330 + 40 * (sum(name.removesuffix(_SILENT).encode()) % 12)
            for left in reversed(range(TRIES)):
                await _make_once(beside, recipe, tone)
                if not (wrong := await miscounted(beside, recipe)):
                    break
                if not left:
                    raise RuntimeError(f"media {name} came out wrong {TRIES} times: {wrong}")
                logger.warning("media %s are made again: %s", name, wrong)
            write_json(beside / "index.json", {q.folder: _durations(beside / q.folder, recipe) for q in QUALITIES})
            with contextlib.suppress(OSError):  # Another simulator that shares the folder was faster.
                beside.rename(folder)
            shutil.rmtree(beside, ignore_errors=True)
            return folder


async def _make_once(folder: Path, recipe: Recipe, tone: int) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for quality in QUALITIES:
        (folder / quality.folder).mkdir(parents=True)
    for part in parts(recipe):
        await run(*arguments(recipe, part, folder, tone=tone))


async def miscounted(folder: Path, recipe: Recipe) -> str:
    """Which streams do not have the packets that they must have, in words; empty when all are right.

    A busy machine can make ffmpeg's muxer leave packets out without a word and without a failure.
    """
    inputs: list[Argument] = []
    maps: list[Argument] = []
    wanted: list[tuple[str, int]] = []
    for part in parts(recipe):
        for quality in QUALITIES:
            inputs += ["-i", playlist(folder / quality.folder, part)]
            number = len(inputs) // 2 - 1
            pictures, sounds = packets(part)
            if quality.size is not None:
                maps += ["-map", f"{number}:v"]
                wanted.append((f"{quality.folder} part {part.index} pictures", pictures))
            maps += ["-map", f"{number}:a"]
            wanted.append((f"{quality.folder} part {part.index} sound", sounds))
    try:
        listed = (await run(*inputs, *maps, "-c", "copy", "-f", "framecrc", "-")).decode()
    except RuntimeError as error:  # A stream that is not there cannot be mapped.
        return f"a stream is not there from the beginning ({error})"
    found = Counter(int(number) for number in re.findall(r"^(\d+),", listed, re.MULTILINE))
    wrong = [f"{what}: {found[n]} of {count}" for n, (what, count) in enumerate(wanted) if found[n] != count]
    return ", ".join(wrong)


def _durations(folder: Path, recipe: Recipe) -> list[float]:
    texts = (playlist(folder, part).read_text() for part in parts(recipe))
    return [float(seconds) for text in texts for seconds in re.findall(r"#EXTINF:([\d.]+)", text)]

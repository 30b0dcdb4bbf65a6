"""The programs that the bench compares, each as a command that turns a playlist's address into a finished MP4."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OURS = "vod-tender"
AS_IT_COMES = "yt-dlp as it comes"
EIGHT = "yt-dlp -N 8"
TARGET = "video.mp4"


@dataclass(frozen=True)
class Place:
    """Where one run happens. `playlist` is the playlist's text, for programs that only take addresses."""

    url: str
    folder: Path
    ffmpeg: str
    playlist: str


Command = Callable[[Place], list[str]]


def contenders(streamlink: Path) -> dict[str, Command]:
    """By name, peers first. Raises SystemExit that names what is missing."""
    if shutil.which("aria2c") is None:
        raise SystemExit("The bench needs aria2: apt install aria2")
    if not streamlink.exists():
        raise SystemExit("The bench needs streamlink: `make bench-download` installs it into .venv/bench")
    return {
        AS_IT_COMES: _ytdlp,
        EIGHT: lambda place: _ytdlp(place, "-N", "8"),
        "yt-dlp -N 16": lambda place: _ytdlp(place, "-N", "16"),
        "aria2c -j 16, remux": _aria2,
        "streamlink, 8 threads, remux": lambda place: _streamlink(place, streamlink),
        OURS: _ours,
    }


def _ytdlp(place: Place, *options: str) -> list[str]:
    fixed = ["--ignore-config", "--quiet", "--no-warnings", "--ffmpeg-location", place.ffmpeg]
    return [sys.executable, "-m", "yt_dlp", *fixed, *options, "-o", TARGET, place.url]


def _aria2(place: Place) -> list[str]:
    base = place.url.rpartition("/")[0]
    names = [line for line in place.playlist.splitlines() if line and not line.startswith("#")]
    (place.folder / "addresses").write_text("".join(f"{base}/{name}\n" for name in names), encoding="utf-8")
    fetch = "aria2c --no-conf -q -j 16 --file-allocation=none -d segments -i addresses"
    return ["sh", "-c", f"{fetch} && cat segments/*.ts | {_remux(place)}"]


def _streamlink(place: Place, program: Path) -> list[str]:
    fetch = f"{shlex.quote(str(program))} --no-config -l error --stream-segment-threads 8 -O hls://{place.url} best"
    return ["bash", "-o", "pipefail", "-c", f"{fetch} | {_remux(place)}"]


def _remux(place: Place) -> str:
    return f"{shlex.quote(place.ffmpeg)} -v error -f mpegts -i pipe:0 -c copy {TARGET}"


def _ours(place: Place) -> list[str]:
    return [sys.executable, "-m", "benchmarks.ours", place.url, str(place.folder / TARGET), place.ffmpeg]


def environment() -> dict[str, str]:
    """Nobody's proxy, and our modules found from any folder."""
    strangers = {"http_proxy", "https_proxy", "all_proxy", "no_proxy"}
    clean = {name: value for name, value in os.environ.items() if name.lower() not in strangers}
    return {**clean, "PYTHONPATH": str(ROOT)}

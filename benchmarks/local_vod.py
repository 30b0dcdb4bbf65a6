"""A VOD to download: MPEG-TS segments of 2 s, made once with ffmpeg and kept for the next run."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

SEGMENT_SECONDS = 2
CLIP_SECONDS = 40
REPEATS = 10  # of the clip: encoding noise takes longer than everything else
_MARK = "complete"


@dataclass(frozen=True)
class Packets:
    """What a finished file must hold."""

    video: int
    audio: int


@dataclass(frozen=True)
class LocalVod:
    folder: Path
    segments: int
    size: int  # bytes
    packets: Packets

    @property
    def seconds(self) -> int:
        return CLIP_SECONDS * REPEATS


def make(ffmpeg: str) -> LocalVod:
    """The VOD, from the temporary folder when an earlier run left it there."""
    folder = Path(tempfile.gettempdir()) / f"vod-tender-bench-{os.getuid()}" / f"vod-{CLIP_SECONDS}x{REPEATS}"
    if not (folder / _MARK).exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        _encode(ffmpeg, folder)
        (folder / _MARK).touch()
    for place in (folder.parent, folder):
        place.chmod(0o755)  # the web server is another user when this one is root
    segments = sorted(folder.glob("*.ts"))
    joined = subprocess.run(
        [ffmpeg, "-v", "error", "-i", str(folder / "index.m3u8"), "-c", "copy", "-f", "framecrc", "-"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return LocalVod(folder, len(segments), sum(one.stat().st_size for one in segments), _counted(joined.stdout))


def count(ffmpeg: str, file: Path) -> Packets:
    """The packets that a file really holds."""
    command = [ffmpeg, "-v", "error", "-i", str(file), "-c", "copy", "-f", "framecrc", "-"]
    return _counted(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def _counted(listing: str) -> Packets:
    streams = [line.partition(",")[0] for line in listing.splitlines() if not line.startswith("#")]
    return Packets(streams.count("0"), streams.count("1"))


def _encode(ffmpeg: str, folder: Path) -> None:
    """Noise, because its bit rate is what it is asked for: about 7.4 Mbit/s, 1.8 MB a segment."""
    rate, keyframes = "7M", str(30 * SEGMENT_SECONDS)
    video = f"testsrc2=s=640x360:r=30:d={CLIP_SECONDS},noise=alls=60:allf=t"
    sound = f"sine=f=440:r=48000:d={CLIP_SECONDS}"
    clip = folder / "clip.mp4"
    encode = ["-c:v", "libx264", "-preset", "ultrafast", "-g", keyframes, "-keyint_min", keyframes, "-bf", "0"]
    encode += ["-sc_threshold", "0", "-b:v", rate, "-maxrate", rate, "-bufsize", rate, "-pix_fmt", "yuv420p"]
    sources = ["-f", "lavfi", "-i", video, "-f", "lavfi", "-i", sound]
    quiet = [ffmpeg, "-v", "error", "-y"]
    subprocess.run([*quiet, *sources, *encode, "-c:a", "aac", "-b:a", "160k", str(clip)], check=True)
    repeat = ["-stream_loop", str(REPEATS - 1), "-i", str(clip), "-c", "copy", "-f", "hls"]
    hls = ["-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod", "-hls_segment_filename"]
    subprocess.run([*quiet, *repeat, *hls, str(folder / "%05d.ts"), str(folder / "index.m3u8")], check=True)
    clip.unlink()

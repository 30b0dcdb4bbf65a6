"""What a finished file must be: every packet, no gap, the clock in order."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
from pathlib import Path

from simulator.clock import frame_numbers
from simulator.ffmpeg import executable

FRAME_RATE = 30


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def packets(path: Path) -> dict[str, list[float]]:
    """Seconds at which each packet of each stream is decoded, by ffmpeg's own listing."""
    command = [executable(), "-v", "error", "-i", str(path), "-map", "0", "-c", "copy", "-f", "framecrc", "-"]
    listing = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bases: dict[str, float] = {}
    times: dict[str, list[float]] = {}
    for line in listing.splitlines():
        if line.startswith("#tb "):
            stream, _, base = line[4:].partition(": ")
            above, _, below = base.partition("/")
            bases[stream] = int(above) / int(below)
        elif line and not line.startswith("#"):
            stream, dts, *_ = (cell.strip() for cell in line.split(","))
            times.setdefault(stream, []).append(int(dts) * bases[stream])
    return times


def assert_complete(path: Path, seconds: float) -> None:
    """Counts packets and frames; both must be what a video of `seconds` without a gap has."""
    streams = packets(path)
    assert len(streams) == 2
    for times in streams.values():
        steps = [later - earlier for earlier, later in itertools.pairwise(times)]
        assert max(steps) < 0.2, "a gap"
        assert abs(times[-1] - times[0] - seconds) < 0.5
    assert abs(len(streams["0"]) - seconds * FRAME_RATE) <= 2
    numbers = frame_numbers(path)
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the clock is out of order"
    assert len(numbers) == len(streams["0"])

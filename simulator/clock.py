"""The machine-readable clock in the simulator's pictures: the frame's number as black and white blocks at the bottom.

Sixteen blocks, the most significant on the left, white for one: frames 0 to 65535, 36 minutes at 30 frames a second.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from .ffmpeg import executable

BITS = 16
WIDTH, HEIGHT, FRAME_RATE = 640, 360, 30
STRIP_HEIGHT = 24


def drawing() -> str:
    """The ffmpeg filters that draw the blocks into a 640x360 picture."""
    top, block = HEIGHT - STRIP_HEIGHT, WIDTH // BITS
    black = f"drawbox=x=0:y={top}:w={WIDTH}:h={STRIP_HEIGHT}:color=black:t=fill"
    white = [
        f"drawbox=x={i * block}:y={top}:w={block}:h={STRIP_HEIGHT}:color=white:t=fill"
        f":enable='gte(mod(n,{2 ** (BITS - i)}),{2 ** (BITS - i - 1)})'"
        for i in range(BITS)
    ]
    return ",".join([black, *white])


def frame_numbers(path_to_video: Path | str) -> list[int]:
    """The number in every frame of the video, in the file's order. Any size of picture, any container.

    Raises RuntimeError with ffmpeg's own words when the file does not decode.
    """
    middle = f"crop=iw:floor(ih*{STRIP_HEIGHT}/{HEIGHT}/2):0:floor(ih*{HEIGHT - STRIP_HEIGHT * 3 // 4}/{HEIGHT})"
    command = [
        *(
            executable(),
            "-v",
            "error",
            "-xerror",
            "-i",
            str(path_to_video),
            "-map",
            "0:v:0",
            "-fps_mode",
            "passthrough",
        ),
        *("-vf", f"{middle},scale={BITS}:1:flags=area,format=gray", "-f", "rawvideo", "-"),
    ]
    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise RuntimeError(f"{path_to_video} does not decode: {done.stderr.decode(errors='replace').strip()[-500:]}")
    pixels = done.stdout
    return [_number(pixels[at : at + BITS]) for at in range(0, len(pixels), BITS)]


def _number(row: bytes) -> int:
    value = 0
    for shade in row:
        value = value * 2 + (shade > 127)
    return value

"""Which ffmpeg to run, and how."""

from __future__ import annotations

import shutil
from functools import cache


@cache
def ended_with_parent() -> tuple[str, ...]:
    """A prefix for a command that is to die with this process, even by kill -9; empty without util-linux."""
    setpriv = shutil.which("setpriv")
    return (setpriv, "--pdeathsig", "KILL", "--") if setpriv else ()


@cache
def executable() -> str:
    """The system's ffmpeg when there is one on PATH, else the one that imageio-ffmpeg brings."""
    if found := shutil.which("ffmpeg"):
        return found
    import imageio_ffmpeg  # noqa: PLC0415  only needed without a system ffmpeg

    return str(imageio_ffmpeg.get_ffmpeg_exe())

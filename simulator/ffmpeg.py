"""Which ffmpeg to run, and how."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
from functools import cache
from pathlib import Path

Argument = str | Path | int | float


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


async def run(*arguments: Argument) -> bytes:
    """Runs ffmpeg and returns its standard output; kills it when the task is cancelled.

    Raises RuntimeError with the end of what it said.
    """
    process = await asyncio.create_subprocess_exec(
        *(*ended_with_parent(), executable(), "-nostdin", "-v", "error", "-y", *map(str, arguments)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        wrote, said = await process.communicate()
    except asyncio.CancelledError:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        raise
    if process.returncode != 0:
        raise RuntimeError(f"ffmpeg ended with {process.returncode}: {said.decode(errors='replace').strip()[-800:]}")
    return wrote

"""ffmpeg as a child process: found, started apart, ended for sure, and its last words kept."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import imageio_ffmpeg

from vods.errors import ffmpeg_error
from vodtender.http import ErrorKind, ServiceError

_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")


class Unplayable(Exception):
    """ffmpeg could not work with the media, or what it made is not the whole video. The text is a sentence's part."""


def ffmpeg_path(configured: str = "") -> str:
    """The ffmpeg to run: `configured` (FFMPEG_PATH), else PATH's, else imageio-ffmpeg's. Raises ServiceError."""
    if configured:
        found = shutil.which(configured)
        if found is None:
            text = "FFMPEG_PATH names no program that can be run. Correct it, or unset it to use the built-in one."
            raise ServiceError("ffmpeg", ErrorKind.INVALID, text)
        return found
    if system := shutil.which("ffmpeg"):
        return system
    try:
        return str(imageio_ffmpeg.get_ffmpeg_exe())
    except RuntimeError as error:
        text = "No ffmpeg was found. Install ffmpeg, or set FFMPEG_PATH."
        raise ServiceError("ffmpeg", ErrorKind.INVALID, text) from error


class Ffmpeg:
    """A running ffmpeg in its own process group, so that a Ctrl-C at the terminal is ours to handle.

    It dies with us although we may be killed: it reads from our pipe or writes into it, and both end with us.
    """

    def __init__(self, program: str, arguments: Sequence[str], *, feed: bool) -> None:
        """With `feed`, `stdin` is a pipe to write media to; else `stdout` is a pipe to read from."""
        self._process = subprocess.Popen(
            [program, "-hide_banner", "-nostdin", "-v", "error", *arguments],
            stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL if feed else subprocess.PIPE,
            stderr=subprocess.PIPE,
            process_group=0,
            env=_environment(),
        )
        self._tail: deque[str] = deque(maxlen=20)
        self._drain = threading.Thread(target=self._read_errors, name="ffmpeg-stderr", daemon=True)
        self._drain.start()

    @property
    def stdin(self) -> IO[bytes]:
        return _pipe(self._process.stdin)

    @property
    def stdout(self) -> IO[bytes]:
        return _pipe(self._process.stdout)

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def wait(self, seconds: float) -> bool:
        """Wait at most `seconds` and say whether it ended."""
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def check(self, folder: Path) -> None:
        """After the end: ServiceError (see errors.py) by the system's doing, Unplayable by the media's."""
        self._drain.join()
        code = self._process.returncode
        if (meaning := ffmpeg_error(code, tuple(self._tail), folder)) is not None:
            raise meaning
        if code:
            raise Unplayable(f"ffmpeg ended with {code}: {self.said or 'no message'}")

    @property
    def said(self) -> str:
        """The end of what it complained about, after its end."""
        self._drain.join()
        return " ".join(self._tail)[-400:]

    def stop(self) -> None:
        """Kill it and wait for its end: what it made is thrown away, and one that waits for input hears nothing else.

        Harmless when it has ended. `close` must follow.
        """
        if not self.ended:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._drain.join()

    def close(self) -> None:
        """Close the pipes, when no thread uses them any more."""
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue  # what was still buffered for it is of no use any more

    def _read_errors(self) -> None:
        for line in _pipe(self._process.stderr):
            self._tail.append(_ADDRESS.sub("", line.decode("utf-8", "replace").strip())[:300])


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    if pipe is None:
        raise TypeError("this ffmpeg was started without that pipe")
    return pipe


def _environment() -> dict[str, str]:
    """No secrets of ours, and messages in English (`check` reads them)."""
    kept = {name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH", "HOME", "TMPDIR") if name in os.environ}
    return kept | {"LC_ALL": "C", "AV_LOG_FORCE_NOCOLOR": "1"}

"""One remux without re-encoding, MPEG-TS or fMP4 to MP4, running along with the download.

ffmpeg is fed from the part file as it grows, through a pipe, page by page without copying where the system can. The
MP4's index (moov) is left where it falls, at the end: faststart would write the whole file once more (3 bytes written
per byte kept instead of 2), a fragmented file carries an index per fragment, which makes browsers seek slowly in long
videos. Browsers fetch a moov at the end with one more byte-range request.
"""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from pathlib import Path

from vods.ffmpeg import Ffmpeg, ffmpeg_path
from vods.stopped import Stopped

__all__ = ["Remux", "ffmpeg_path"]

CHUNK = 1 << 20
PROBE = ("-probesize", "32M", "-analyzeduration", "20M")  # a stream that begins some seconds late is still found
STREAMS = ("-map", "0:v:0?", "-map", "0:a:0?", "-map_metadata", "-1", "-map_chapters", "-1", "-dn", "-sn")


class Remux:
    """A remux of `source` into `target`, used as a context manager: leaving it early ends ffmpeg."""

    def __init__(
        self, program: str, source: Path, target: Path, *, fragmented: bool, continuous: bool, begin: int = 0
    ) -> None:
        """`fragmented`: the source is fMP4. `continuous`: its timestamps have no jumps but what was given up.

        `begin` is the byte of the source to begin at.

        Timestamps in a continuous source are kept as they are, so that a gap stays as long as what is missing and the
        chat beside the video stays in step; otherwise ffmpeg closes jumps of more than 10 s.
        """
        target.unlink(missing_ok=True)  # an ffmpeg of a killed process may still write to the old file
        threshold = ["-dts_delta_threshold", "1000000"] if continuous else []
        container = "mov" if fragmented else "mpegts"
        source_options = [*PROBE, *threshold, "-f", container, "-i", "pipe:0"]
        self._child = Ffmpeg(
            program, [*source_options, *STREAMS, "-c", "copy", "-f", "mp4", f"file:{target}"], feed=True
        )
        self._begin = begin
        self._folder = target.parent
        self._source = source
        self._state = threading.Condition()
        self._available = begin
        self._complete = False
        self._broken = False
        self._error: OSError | None = None
        self._feeder = threading.Thread(target=self._feed, name="remux-feeder", daemon=True)

    def __enter__(self) -> Remux:
        self._feeder.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._state:
            self._broken = True
            self._state.notify_all()
        self._child.stop()
        self._feeder.join()  # before the pipe is closed: its number may be given to another file
        self._child.close()

    def advance(self, size: int) -> None:
        """The source is good up to `size` bytes. Raises what `finish` raises when ffmpeg has ended already."""
        with self._state:
            self._available = size
            self._state.notify_all()
        if self._child.ended:
            self._child.check(self._folder)

    def finish(self, stop: threading.Event) -> None:
        """The source is complete: wait for the MP4. Raises Stopped, Unplayable, ServiceError."""
        with self._state:
            self._complete = True
            self._state.notify_all()
        while not self._child.wait(0.1):
            if stop.is_set():
                raise Stopped
        self._feeder.join()
        if self._error is not None:
            raise self._error
        self._child.check(self._folder)

    def _feed(self) -> None:
        try:
            self._copy()
        except BrokenPipeError:
            return  # ffmpeg ended; the main thread finds out why
        except OSError as error:
            self._error = error
        if not self._broken:
            self._child.stdin.close()

    def _copy(self) -> None:
        pipe = self._child.stdin.fileno()
        _widen(pipe)
        position = self._begin
        with self._source.open("rb", buffering=0) as source:
            while (limit := self._wait_for(position)) is not None:
                position += _move(source.fileno(), pipe, position, min(CHUNK, limit - position))

    def _wait_for(self, position: int) -> int | None:
        """How far may be read, once that is beyond `position`; None when there is nothing more to come."""
        with self._state:
            while not self._broken and not self._complete and self._available <= position:
                self._state.wait()
            return None if self._broken or self._available <= position else self._available


def _widen(pipe: int) -> None:
    """A pipe of 1 MiB, for fewer wake-ups. A system that allows no more keeps what it has."""
    try:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, CHUNK)
    except PermissionError:
        return


def _move(source: int, pipe: int, position: int, count: int) -> int:
    """Bring at most `count` bytes of the file at `position` into the pipe, and say how many."""
    try:
        moved = os.splice(source, pipe, count, offset_src=position)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.ENOSYS}:
            raise
        data = memoryview(os.pread(source, count, position))  # a file system that cannot splice
        moved = len(data)
        while data:
            data = data[os.write(pipe, data) :]
    if not moved:
        raise OSError(errno.EIO, os.strerror(errno.EIO))  # someone cut the part file
    return moved

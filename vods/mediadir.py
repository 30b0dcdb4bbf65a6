"""Whether MEDIA_DIR is there and can be written to: a look that may hang, and a watch over it that does not.

A mount point whose disk is not mounted is an empty folder, and a download into it would fill another disk. So the
first download notes the folder's name in DATA_DIR (`media-dir`): from then on a MEDIA_DIR of that name without its
`.work` is known to be the wrong folder.
"""

from __future__ import annotations

import os
import threading
import time
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

NOTE = "media-dir"
WORK = ".work"


class Condition(StrEnum):
    """As /status names it."""

    OK = "ok"
    MISSING = "missing"
    READ_ONLY = "read_only"
    NO_ANSWER = "no_answer"


@dataclass(frozen=True)
class Look:
    """What was seen. `text` is a sentence for people, empty when all is well."""

    condition: Condition
    text: str = ""

    @property
    def readable(self) -> bool:
        return self.condition in {Condition.OK, Condition.READ_ONLY}


FINE = Look(Condition.OK)


def look(media_dir: Path, data_dir: Path) -> Look:
    """MEDIA_DIR as it is now. Takes as long as the file system takes to answer."""
    expected = _noted(data_dir) == str(media_dir)
    try:
        os.stat(media_dir)  # says why, where is_dir says False
        if not os.path.isdir(media_dir):
            return Look(Condition.MISSING, f"MEDIA_DIR ({media_dir}) is no folder.")
        if expected and not (media_dir / WORK).is_dir():
            return Look(Condition.MISSING, _unmounted(media_dir))
        flags = os.statvfs(media_dir).f_flag
    except FileNotFoundError:
        return Look(Condition.MISSING, f"MEDIA_DIR ({media_dir}) is gone. Is its disk mounted?") if expected else FINE
    except OSError as error:
        return Look(Condition.MISSING, f"MEDIA_DIR ({media_dir}) cannot be read: {error.strerror}.")
    if flags & os.ST_RDONLY or not os.access(media_dir, os.W_OK | os.X_OK):
        return Look(Condition.READ_ONLY, f"MEDIA_DIR ({media_dir}) cannot be written to.")
    return FINE


def note(media_dir: Path, data_dir: Path) -> None:
    """Remembers that files of ours are in this folder."""
    if _noted(data_dir) != str(media_dir):
        (data_dir / NOTE).write_text(f"{media_dir}\n", encoding="utf-8")


def _noted(data_dir: Path) -> str:
    try:
        return (data_dir / NOTE).read_text(encoding="utf-8").removesuffix("\n")
    except OSError:
        return ""


def _unmounted(media_dir: Path) -> str:
    return (
        f"MEDIA_DIR ({media_dir}) does not hold what was put there. Is its disk mounted? "
        f"If it is empty on purpose, make the folder {WORK} in it."
    )


class Watch:
    """The last look at MEDIA_DIR, for pages: it asks in a thread, and waits for the answer only a moment.

    A network mount may hang for ever. Then one thread hangs with it, and the answer is NO_ANSWER.
    """

    FRESH_SECONDS = 5.0
    WAIT_SECONDS = 0.3
    SILENT_SECONDS = 3.0

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._folders: tuple[Path, Path] | None = None
        self._last: tuple[float, Look] | None = None
        self._thread: threading.Thread | None = None
        self._began = 0.0

    def latest(self, media_dir: Path, data_dir: Path) -> Look:
        """What was seen some seconds ago at most; within a moment, also when the folder does not answer."""
        with self._lock:
            if self._folders != (media_dir, data_dir):
                self._folders, self._last, self._thread = (media_dir, data_dir), None, None
            now = time.monotonic()
            if self._last is not None and now - self._last[0] < self.FRESH_SECONDS:
                return self._last[1]
            if self._thread is None or not self._thread.is_alive():  # not alive: it has answered, or we were forked
                self._began = now
                self._thread = threading.Thread(target=self._look, args=self._folders, name="media-dir", daemon=True)
                self._thread.start()
            thread, patience = self._thread, self._began + self.WAIT_SECONDS - now
        if patience > 0:
            thread.join(patience)
        with self._lock:
            if thread.is_alive() and time.monotonic() - self._began > self.SILENT_SECONDS:
                text = f"MEDIA_DIR ({media_dir}) does not answer. Is its network mount well?"
                return Look(Condition.NO_ANSWER, text)
            return self._last[1] if self._last is not None else FINE

    def _look(self, media_dir: Path, data_dir: Path) -> None:
        seen = look(media_dir, data_dir)
        with self._lock:
            if self._folders == (media_dir, data_dir):
                self._last = time.monotonic(), seen


WATCH = Watch()

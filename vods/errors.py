"""What errors of the system, of ffmpeg and of the video server mean: the one table from them to ours.

The system's are told apart by errno, the server's by status, ffmpeg's by the signal that ended it and by the C
library's own words for an errno at the end of a line. Nothing is read out of names or addresses, so a VOD id that
contains 404 or 500 fools nobody. yt-dlp's are in ytdlp_errors, YouTube's in youtubeerrors.
"""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Sequence
from pathlib import Path

from vodtender.http import ErrorKind, ServiceError

_FULL = (
    ErrorKind.DISK_FULL,
    (
        "There is no room left to write in {folder} ({reason}). Free some space or raise the quota; "
        "the download goes on from where it stopped."
    ),
)
_REFUSED = (
    ErrorKind.INVALID,
    "Cannot work in {folder}: {reason}. Check the folder, its owner and its disk, then requeue the VOD.",
)
_READ_ONLY = (
    ErrorKind.DISK_FULL,
    (
        "Cannot write in {folder}: {reason}. Make it writable again; "
        "the download goes on by itself from where it stopped."
    ),
)
_BROKEN = (
    ErrorKind.INVALID,
    "The disk under {folder} fails ({reason}). Look at the system's log and check the disk, then requeue the VOD.",
)
_VANISHED = (
    ErrorKind.TRANSIENT,
    (
        "{folder}, or a file in it, is gone ({reason}). Check that its disk is mounted and that nothing else clears "
        "it up; it is tried again by itself."
    ),
)
_EXHAUSTED = (
    ErrorKind.TRANSIENT,
    (
        "The system cannot give what work in {folder} needs ({reason}). It is tried again by itself; "
        "look for other programs that use it up if this stays."
    ),
)

SYSTEM: dict[int, tuple[ErrorKind, str]] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _REFUSED,
    errno.EPERM: _REFUSED,
    errno.ENOTDIR: _REFUSED,
    errno.EISDIR: _REFUSED,
    errno.ENAMETOOLONG: _REFUSED,
    errno.ELOOP: _REFUSED,
    errno.EXDEV: _REFUSED,
    errno.ENODEV: _REFUSED,
    errno.ENOEXEC: _REFUSED,
    errno.EIO: _BROKEN,
    errno.EUCLEAN: _BROKEN,
    errno.ENXIO: _BROKEN,
    errno.ENOENT: _VANISHED,
    errno.ESTALE: _VANISHED,
    errno.ENOTCONN: _VANISHED,
    errno.EREMOTEIO: _VANISHED,
    errno.EHOSTDOWN: _VANISHED,
    errno.ETIMEDOUT: _VANISHED,
    errno.EMFILE: _EXHAUSTED,
    errno.ENFILE: _EXHAUSTED,
    errno.ENOMEM: _EXHAUSTED,
    errno.EAGAIN: _EXHAUSTED,
    errno.EBUSY: _EXHAUSTED,
    errno.EDEADLK: _EXHAUSTED,
    errno.ENOLCK: _EXHAUSTED,
}
_FFMPEG_SAYS = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EFBIG,
    errno.EROFS,
    errno.EACCES,
    errno.EIO,
    errno.ESTALE,
    errno.ENOMEM,
)
_FFMPEG_WORDS = {
    number: re.compile(rf"(?:^|[:(] ?){re.escape(os.strerror(number))}\)?\.?$", re.MULTILINE) for number in _FFMPEG_SAYS
}
MISSING_STATUS = frozenset({401, 403, 404, 410, 451})


def system_error(number: int, folder: Path) -> ServiceError | None:
    """What an errno met in `folder` means; None for one that is no fault of the system below us."""
    if number not in SYSTEM:
        return None
    kind, text = SYSTEM[number]
    return ServiceError("disk", kind, text.format(folder=folder, reason=os.strerror(number)))


def ffmpeg_error(code: int, said: Sequence[str], folder: Path) -> ServiceError | None:
    """What the end of ffmpeg means (`code` as subprocess gives it); None when it is the media that it did not like."""
    if code == -signal.SIGXFSZ:
        return system_error(errno.EFBIG, folder)
    if code < 0:
        text = f"ffmpeg was ended by signal {-code}. The video is put together again from what is here."
        return ServiceError("ffmpeg", ErrorKind.TRANSIENT, text)
    for number, words in _FFMPEG_WORDS.items():
        if code and any(words.search(line) for line in said):
            return system_error(number, folder)
    return None


def server_error(what: str, why: str, tries: int, *, status: int | None, wait: float | None) -> ServiceError:
    """What is left when every try for `what` failed, the last time with `status` (None: no answer) because of `why`.

    What is missing (MISSING_STATUS) is judged by who knows the playlist.
    """
    if status == 429:
        text = "Twitch's video server says that we ask too often (429). The download goes on later by itself."
        return ServiceError("Twitch", ErrorKind.RATE_LIMITED, text, status=429, retry_after=wait)
    times = "once" if tries == 1 else f"{tries} times"
    text = f"{what} could not be fetched, tried {times}: {why}. The download goes on later from here."
    return ServiceError("Twitch", ErrorKind.TRANSIENT, text, status=status, retry_after=wait)

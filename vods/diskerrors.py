"""What the file system refuses, as a sentence for the operator."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vodtender.http import ErrorKind, ServiceError

SERVICE = "disk"
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.ENOTDIR, errno.ENAMETOOLONG, errno.EXDEV})


def disk_full(folder: Path, reason: str) -> ServiceError:
    """The error for a full disk, a used-up quota or a file size limit."""
    text = (
        f"There is no room left to write in {folder} ({reason}). Free some space or raise the quota; "
        "the download goes on from where it stopped."
    )
    return ServiceError(SERVICE, ErrorKind.DISK_FULL, text)


@contextmanager
def named_disk_errors(folder: Path) -> Iterator[None]:
    """Turn OSErrors of the disk inside into ServiceError: DISK_FULL, or INVALID when we may not write at all."""
    try:
        yield
    except OSError as error:
        reason = os.strerror(error.errno) if error.errno else type(error).__name__
        if error.errno in FULL:
            raise disk_full(folder, reason) from error
        if error.errno in REFUSED:
            text = f"Cannot work in {folder}: {reason}. Check the folder, its owner and its disk, then requeue the VOD."
            raise ServiceError(SERVICE, ErrorKind.INVALID, text) from error
        raise

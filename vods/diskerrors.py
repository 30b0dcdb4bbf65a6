"""What the file system refuses, as a sentence for the operator."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vods.errors import system_error


@contextmanager
def named_disk_errors(folder: Path) -> Iterator[None]:
    """Turn OSErrors of the system inside into ServiceError: DISK_FULL, INVALID, or TRANSIENT."""
    try:
        yield
    except OSError as error:
        if (meaning := system_error(error.errno or 0, folder)) is not None:
            raise meaning from error
        raise

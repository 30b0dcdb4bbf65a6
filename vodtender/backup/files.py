"""Files of a backup: for the owner alone, on the disk before they count, hashed as they are copied."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from vods.sync import sync_file

CHUNK = 1 << 20


@dataclass(frozen=True)
class Sum:
    """Size in bytes, SHA-256 in hex."""

    size: int
    sha256: str


def private_folder(path: Path) -> None:
    """Makes the folder, and those above it, when it is not there."""
    for folder in [*reversed(path.parents), path]:
        folder.mkdir(mode=0o700, exist_ok=True)


def private_file(path: Path) -> None:
    """Makes the file, or takes it away from others: it holds sessions, password hashes and encrypted tokens."""
    path.touch(mode=0o600)
    path.chmod(0o600)


def write(path: Path, data: bytes) -> None:
    """A new private file, on the disk."""
    private_file(path)
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sum_of(path: Path) -> Sum:
    digest, size = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:
        while data := file.read(CHUNK):
            digest.update(data)
            size += len(data)
    return Sum(size, digest.hexdigest())


def copy(source: Path, target: Path) -> Sum:
    """Copies into a private file, on the disk; what was copied."""
    private_folder(target.parent)
    private_file(target)
    digest, size = hashlib.sha256(), 0
    with source.open("rb", buffering=0) as old, target.open("wb") as new:
        while data := old.read(CHUNK):
            digest.update(data)
            new.write(data)
            size += len(data)
        new.flush()
        os.fsync(new.fileno())
    return Sum(size, digest.hexdigest())


def sync(path: Path) -> None:
    """Brings a file, or the names in a folder, to the disk."""
    sync_file(path)

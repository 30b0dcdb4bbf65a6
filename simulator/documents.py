"""JSON files that are either the old or the new version, also after kill -9, and never half of one."""

from __future__ import annotations

import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any


def write_bytes(path: Path, content: bytes) -> None:
    """Replaces the file by rename. No fsync: the simulator survives the death of its process, not of the machine."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(content)
    os.replace(beside, path)


def write_json(path: Path, value: Any) -> None:
    write_bytes(path, json.dumps(value, ensure_ascii=False, indent=1).encode())


def read_json(path: Path) -> Any | None:
    """The file's value, or None when there is no such file. Raises OSError when it is not JSON."""
    try:
        return json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise OSError(f"{path} is damaged ({error}); remove it, or the whole state folder to begin anew") from error


def hold(folder: Path) -> IO[bytes]:
    """Keeps the folder for this process while the returned file is open. Raises OSError when another one has it."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = (folder / "lock").open("ab")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        lock.close()
        raise OSError(f"another simulator runs in {folder}") from error
    return lock


def utcnow() -> datetime:
    return datetime.now(UTC)


def rfc3339(moment: datetime) -> str:
    """As Twitch writes times: whole seconds, `2026-11-23T17:26:13Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_time(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""What lies in a backup, and whether it is whole.

manifest.json tells of what the backup was made and names its files with size and SHA-256; SHA256SUMS has the same sums,
and that of the manifest, in the form of `sha256sum --check`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from vodtender.backup import BackupError, files
from vodtender.backup.files import Sum

FORMAT = 1
NAME, SUMS = "manifest.json", "SHA256SUMS"
DATABASES = {"sqlite": "database.sqlite3", "postgresql": "database.pgdump"}
KEYS = "keys.env"
JOURNAL, REFUSED = "chat/journal", "chat/refused.log"
MEDIA = "media"


@dataclass(frozen=True)
class Video:
    """A VOD's file as its row has it. `path` is below MEDIA_DIR; `size` in bytes; "" and None: not noted."""

    vod: str
    path: str
    size: int | None
    sha256: str
    host: str


@dataclass(frozen=True)
class Manifest:
    """`made_at` is ISO 8601 in UTC. `rows` counts by table; `files` are those of the backup by their path in it.

    `keys`: names of the variables that were set, none of their values. `videos` are named whether or not they are
    among `files`."""

    version: str
    made_at: str
    host: str
    database: str
    migrations: list[list[str]]
    rows: dict[str, int]
    keys: list[str]
    keys_included: bool
    media_included: bool
    videos: list[Video]
    files: dict[str, Sum] = field(default_factory=dict)
    format: int = FORMAT

    @property
    def database_file(self) -> str:
        return DATABASES[self.database]

    @property
    def size(self) -> int:
        return sum(one.size for one in self.files.values())


def write(folder: Path, manifest: Manifest) -> None:
    text = json.dumps(asdict(manifest), indent=1, ensure_ascii=False) + "\n"
    files.write(folder / NAME, text.encode())
    files.write(folder / SUMS, _sums(folder, manifest).encode())


def _sums(folder: Path, manifest: Manifest) -> str:
    sums = {**{name: one.sha256 for name, one in manifest.files.items()}, NAME: files.sum_of(folder / NAME).sha256}
    return "".join(f"{sha256}  {name}\n" for name, sha256 in sums.items())


def read(folder: Path) -> Manifest:
    """The manifest of a backup, when it and SHA256SUMS agree. Raises BackupError."""
    try:
        text, sums = (folder / NAME).read_bytes(), (folder / SUMS).read_text(encoding="utf-8")
    except FileNotFoundError as error:
        missing = Path(str(error.filename)).name
        raise BackupError(f"{folder} is no backup, or not a whole one: there is no {missing} in it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"The backup in {folder} cannot be read: {error}.") from None
    damaged = BackupError(f"The backup in {folder} is damaged: {NAME} is not what it was. Take another backup.")
    if f"{files.sum_of(folder / NAME).sha256}  {NAME}" not in sums.splitlines():
        raise damaged
    try:
        manifest = _parsed(json.loads(text))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupError(f"{folder / NAME} cannot be understood ({error}). It may be of a newer version.") from None
    if _sums(folder, manifest) != sums:
        raise damaged
    return manifest


def check_files(folder: Path, manifest: Manifest, *, media: bool = False) -> None:
    """Compares the files with their sums; videos by size alone unless `media`. Raises BackupError for the first."""
    for name, expected in manifest.files.items():
        path = folder / name
        if path.is_symlink() or not path.is_file():
            raise BackupError(f"The backup in {folder} is damaged: {name} is missing. Take another backup.")
        quick = name.startswith(f"{MEDIA}/") and not media
        wrong = path.stat().st_size != expected.size if quick else files.sum_of(path) != expected
        if wrong:
            raise BackupError(f"The backup in {folder} is damaged: {name} is not what it was. Take another backup.")


def _parsed(facts: Mapping[str, Any]) -> Manifest:
    if facts["format"] != FORMAT:
        raise ValueError(f"format {facts['format']}")
    files_ = {_safe(name): Sum(**one) for name, one in facts["files"].items()}
    manifest = Manifest(**{**facts, "files": files_, "videos": [Video(**video) for video in facts["videos"]]})
    if manifest.database_file not in files_:
        raise ValueError("it names no database")
    return manifest


def _safe(name: str) -> str:
    """A path that stays in its folder."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or "\x00" in name:
        raise ValueError(f"it names {name!r}")
    return name

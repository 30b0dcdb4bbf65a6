"""YouTube's side of uploads: resumable sessions and the finished videos, as files.

`youtube/sessions/<upload id>.json` and `.part` are a session and what has arrived; `youtube/<video id>.mp4` and `.json`
a video. How much has arrived is the size of the part file, so nothing else has to agree with it after kill -9.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from pathlib import Path
from typing import Any

from .documents import read_json, rfc3339, utcnow, write_json

GRAIN = 256 * 1024
"""Bytes: chunks but the last are multiples of this, and a cut chunk is kept down to one."""


class Session:
    """One resumable upload. The video's id is decided at its beginning, so finishing can be repeated."""

    def __init__(self, folder: Path, row: dict[str, Any]) -> None:
        self._folder, self.row = folder, row
        self.id: str = row["id"]
        self.video_id: str = row["video_id"]
        self.part = folder / "sessions" / f"{self.id}.part"

    @property
    def total(self) -> int | None:
        """Bytes that the client announced, when it has."""
        total: int | None = self.row["total"]
        return total

    @property
    def gone(self) -> int | None:
        """404 or 410 when this session was ended by a fault."""
        status: int | None = self.row.get("gone")
        return status

    def update(self, **values: Any) -> None:
        self.row.update(values)
        write_json(self._folder / "sessions" / f"{self.id}.json", self.row)

    def received(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def keep_whole_grains(self) -> int:
        """Cuts what has arrived down to whole grains, as Google does with a broken chunk; returns what is left."""
        kept = self.received() // GRAIN * GRAIN
        if self.part.exists():
            os.truncate(self.part, kept)
        return kept


class VideoStore:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / "sessions").mkdir(parents=True, exist_ok=True)

    def open_session(self, resource: dict[str, Any], total: int | None) -> Session:
        row = {
            "id": f"ADPycd{secrets.token_urlsafe(48)}",
            "video_id": secrets.token_urlsafe(8),
            "total": total,
            "resource": resource,
            "opened_at": rfc3339(utcnow()),
        }
        session = Session(self._folder, row)
        session.update()
        return session

    def session(self, upload_id: str) -> Session | None:
        if not upload_id or "/" in upload_id:
            return None
        row = read_json(self._folder / "sessions" / f"{upload_id}.json")
        return None if row is None else Session(self._folder, row)

    def sessions(self) -> list[Session]:
        rows = (read_json(path) for path in sorted((self._folder / "sessions").glob("*.json")))
        return [Session(self._folder, row) for row in rows if row is not None]

    def end_sessions(self, status: int) -> int:
        """Makes every unfinished session answer 404 or 410; returns how many."""
        open_ones = [s for s in self.sessions() if self.video(s.video_id) is None]
        for session in open_ones:
            session.update(gone=status)
        return len(open_ones)

    def finish(self, session: Session) -> dict[str, Any]:
        """Turns a complete session into a video and returns it; a second call returns the same."""
        if (video := self.video(session.video_id)) is not None:
            return video
        path = self._folder / f"{session.video_id}.mp4"
        if session.part.exists():
            session.part.rename(path)
        elif not path.exists():
            path.touch()
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        video = {
            "id": session.video_id,
            "size": path.stat().st_size,
            "sha256": digest,
            "uploaded_at": rfc3339(utcnow()),
            "upload_id": session.id,
            "resource": session.row["resource"],
        }
        write_json(self._folder / f"{session.video_id}.json", video)
        return video

    def video(self, video_id: str) -> dict[str, Any] | None:
        if "/" in video_id or not video_id:
            return None
        video: dict[str, Any] | None = read_json(self._folder / f"{video_id}.json")
        return video

    def videos(self) -> list[dict[str, Any]]:
        """All videos, oldest first."""
        rows = [read_json(path) for path in self._folder.glob("*.json")]
        return sorted((r for r in rows if r), key=lambda r: (r["uploaded_at"], r["id"]))

"""A folder for videos, and archived VODs with a file in it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils.timezone import now
from pytest_django import Settings
from retention_cast import Archived

from tests import cast
from vods.models import Channel, State, Vod
from vods.owner import host_name


@pytest.fixture
def media(tmp_path: Path, settings: Settings) -> Path:
    settings.MEDIA_DIR = tmp_path / "media"
    settings.MEDIA_DIR.mkdir()
    return settings.MEDIA_DIR


@pytest.fixture
def archived(db: None, media: Path) -> Archived:
    """Makes a VOD that was archived so many days ago and is on YouTube, with a file of `size` bytes."""

    def make(*, days: float = 100, size: int = 1000, channel: Channel | None = None, **fields: Any) -> Vod:
        then = now() - timedelta(days=days)
        known: dict[str, Any] = {"state": State.DONE, "youtube_id": "abc", "started_at": then, "done_at": then}
        known |= {"file_host": host_name(), "file_size": size, "file_sha256": "5" * 64}
        vod = cast.vod(channel=channel, **{**known, **fields})
        vod.file_path = f"{vod.channel.login}/{vod.twitch_id}.mp4"
        vod.save()
        path = media / vod.file_path
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"v" * size)
        return vod

    return make

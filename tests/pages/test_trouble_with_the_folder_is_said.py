"""A MEDIA_DIR in trouble is said on every page to who is logged in, and in /status."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from tests import cast
from vods.mediadir import Watch, note
from vods.models import State

SAID = "The folder of the videos is in trouble."


@pytest.fixture
def gone(media: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A MEDIA_DIR that was used and is not mounted any more."""
    settings.DATA_DIR = media.parent
    monkeypatch.setattr(Watch, "WAIT_SECONDS", 30.0)
    monkeypatch.setattr(Watch, "FRESH_SECONDS", 0.0)
    note(media, media.parent)
    return media


@pytest.mark.parametrize("page", ["/", "/vods/", "/monitor", "vod"])
def test_every_page_says_it_until_it_is_mended(reader: Client, gone: Path, page: str) -> None:
    address = cast.vod(State.DONE).get_absolute_url() if page == "vod" else page
    assert SAID in reader.get(address, follow=True).content.decode()
    (gone / ".work").mkdir()
    assert SAID not in reader.get(address, follow=True).content.decode()


def test_a_stranger_is_not_told(db: None, client: Client, gone: Path, settings: Any) -> None:
    settings.PUBLIC_ARCHIVE = True
    shown = client.get("/vods/").content.decode()
    assert SAID not in shown
    assert str(gone) not in shown


def test_status_has_a_word_for_it(reader: Client, gone: Path) -> None:
    assert reader.get("/status").json()["media_dir"] == "missing"
    (gone / ".work").mkdir()
    assert reader.get("/status").json()["media_dir"] == "ok"

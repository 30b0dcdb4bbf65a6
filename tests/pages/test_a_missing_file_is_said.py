"""A VOD whose file was found missing says so, and offers to download it again."""

from __future__ import annotations

from pathlib import Path

from django.test import Client
from django.utils.timezone import now

from tests import cast
from vods.models import State, Vod
from vods.owner import host_name

SAID = "its file is missing"


def archived(media: Path, *, there: bool) -> Vod:
    vod = cast.vod(State.DONE, file_path="pia/1.mp4", file_host=host_name(), file_missing_at=now())
    if there:
        (media / "pia").mkdir()
        (media / vod.file_path).write_bytes(b"video")
    return vod


def page(client: Client, vod: Vod) -> str:
    return client.get(vod.get_absolute_url()).content.decode()


def test_the_page_says_it_and_offers_the_download(operator: Client, media: Path) -> None:
    vod = archived(media, there=False)
    shown = page(operator, vod)
    assert SAID in shown
    assert "<code>pia/1.mp4</code> was not found in MEDIA_DIR" in shown
    assert "Download again" in shown
    operator.post(f"{vod.get_absolute_url()}requeue/", {"stage": "download"})
    vod.refresh_from_db()
    assert vod.state == State.QUEUED


def test_a_file_that_is_back_is_not_missing(operator: Client, media: Path) -> None:
    assert SAID not in page(operator, archived(media, there=True))

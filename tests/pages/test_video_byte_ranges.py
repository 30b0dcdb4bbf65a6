"""The video view answers byte ranges exactly, and only with files below MEDIA_DIR."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import page_cast
import pytest
from django.http import HttpResponseBase
from django.test import AsyncClient, Client
from django.utils.timezone import now
from pytest_django import Settings

from vods.media_view import CHUNK, Span, UnsatisfiableRange, parse_range
from vods.models import State, Vod

CONTENT = bytes(range(256)) * 4
SIZE = len(CONTENT)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", Span(0, 0)),
        ("bytes=0-", Span(0, 999)),
        ("bytes=10-19", Span(10, 19)),
        ("bytes=990-5000", Span(990, 999)),
        ("bytes=-1", Span(999, 999)),
        ("bytes=-5000", Span(0, 999)),
        (" bytes=5-6 ", Span(5, 6)),
        ("", None),
        ("bytes=", None),
        ("bytes=-", None),
        ("bytes=9-5", None),
        ("bytes=0-1,5-6", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=1٣-", None),
    ],
)
def test_a_range_header_is_read(header: str, expected: Span | None) -> None:
    if expected is None and "٣" in header:
        header = "bytes=x"  # digits of other scripts cannot stand in a header
    assert parse_range(header, 1000) == expected


@pytest.mark.parametrize(
    ("header", "size"), [("bytes=1000-", 1000), ("bytes=-0", 1000), ("bytes=0-", 0), ("bytes=-5", 0)]
)
def test_a_range_behind_the_end_is_refused(header: str, size: int) -> None:
    with pytest.raises(UnsatisfiableRange):
        parse_range(header, size)


@pytest.fixture
def vod(db: None, media: Path) -> Vod:
    row = page_cast.vod(page_cast.channels(now())[0], 7, State.DONE, now())
    page_cast.with_file(row, media, CONTENT)
    return row


def get(
    client: Client, vod: Vod, query: str = "", method: str = "get", **headers: str
) -> tuple[HttpResponseBase, bytes]:
    """Asks as an ASGI server does, with the session of `client`."""
    asking = AsyncClient()
    asking.cookies = client.cookies

    async def ask() -> tuple[HttpResponseBase, bytes]:
        answer: Any = await getattr(asking, method)(f"{vod.get_absolute_url()}video.mp4{query}", headers=headers)
        body = b"".join([part async for part in answer.streaming_content]) if answer.streaming else answer.content
        return answer, body

    return asyncio.run(ask())


@pytest.mark.django_db(transaction=True)
class TestRanges:
    @pytest.mark.parametrize(
        ("asked", "first", "last"), [("bytes=0-9", 0, 9), ("bytes=1000-", 1000, 1023), ("bytes=-24", 1000, 1023)]
    )
    def test_a_part_is_sent(self, operator: Client, vod: Vod, asked: str, first: int, last: int) -> None:
        answer, body = get(operator, vod, Range=asked)
        assert (answer.status_code, answer["Content-Range"]) == (206, f"bytes {first}-{last}/{SIZE}")
        assert body == CONTENT[first : last + 1]
        assert answer["Content-Length"] == str(len(body))

    def test_all_is_sent_without_a_range(self, operator: Client, vod: Vod) -> None:
        answer, body = get(operator, vod)
        assert (answer.status_code, body) == (200, CONTENT)
        assert (answer["Accept-Ranges"], answer["Content-Type"]) == ("bytes", "video/mp4")

    def test_head_tells_the_length_and_sends_nothing(self, operator: Client, vod: Vod) -> None:
        answer, body = get(operator, vod, method="head")
        assert (answer.status_code, answer["Content-Length"], body) == (200, str(SIZE), b"")

    def test_a_range_behind_the_end_gets_416_with_the_size(self, operator: Client, vod: Vod) -> None:
        answer, _ = get(operator, vod, Range="bytes=5000-")
        assert (answer.status_code, answer["Content-Range"]) == (416, f"bytes */{SIZE}")

    def test_a_part_of_another_version_is_sent_whole(self, operator: Client, vod: Vod) -> None:
        known, _ = get(operator, vod)
        for condition in (known["ETag"], known["Last-Modified"]):
            assert get(operator, vod, **{"Range": "bytes=0-1", "If-Range": condition})[0].status_code == 206
        assert get(operator, vod, **{"Range": "bytes=0-1", "If-Range": '"old"'})[0].status_code == 200
        assert get(operator, vod, **{"If-None-Match": known["ETag"]})[0].status_code == 304

    def test_a_download_has_a_plain_name(self, operator: Client, vod: Vod) -> None:
        answer, _ = get(operator, vod, "?download")
        day = f"{vod.started_at:%Y-%m-%d}"
        assert answer["Content-Disposition"] == f'attachment; filename="harbourlights_{day}_{vod.twitch_id}.mp4"'

    def test_a_large_file_comes_in_chunks(self, operator: Client, vod: Vod, media: Path) -> None:
        page_cast.with_file(vod, media, b"x" * (2 * CHUNK + 5))
        assert len(get(operator, vod, Range="bytes=3-")[1]) == 2 * CHUNK + 2

    @pytest.mark.parametrize(
        "path", ["../secret.mp4", "/etc/passwd", "a/../../secret.mp4", "link.mp4", "harbourlights", ""]
    )
    def test_nothing_outside_the_folder_is_sent(self, operator: Client, vod: Vod, media: Path, path: str) -> None:
        (media.parent / "secret.mp4").write_bytes(b"secret")
        (media / "link.mp4").symlink_to(media.parent / "secret.mp4")
        Vod.objects.filter(pk=vod.pk).update(file_path=path)
        assert get(operator, vod)[0].status_code == 404

    def test_visitors_are_sent_to_the_login(self, client: Client, vod: Vod) -> None:
        assert get(client, vod)[0].status_code == 302

    def test_visitors_watch_what_is_done_when_the_archive_is_public(
        self, client: Client, vod: Vod, settings: Settings
    ) -> None:
        settings.PUBLIC_ARCHIVE = True
        assert get(client, vod)[1] == CONTENT
        Vod.objects.filter(pk=vod.pk).update(state=State.NEEDS_ATTENTION)
        assert get(client, vod)[0].status_code == 302

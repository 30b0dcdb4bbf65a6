from __future__ import annotations

from datetime import UTC, datetime

import pytest

from vods import publish

DAY = datetime(2026, 11, 3, 23, 59, tzinfo=UTC)
SOURCE = publish.attribution("PixelPia", "2600000500", "https://www.twitch.tv/videos/2600000500")


@pytest.mark.parametrize(
    ("title", "published"),
    [
        ("Evening", "2026-11-03 Evening"),
        ("", "2026-11-03 Twitch VOD"),
        (" \t\n ", "2026-11-03 Twitch VOD"),
        ("<<>>", "2026-11-03 Twitch VOD"),
        ("<b>bold</b>", "2026-11-03 bbold/b"),
        ("a\x00b\x07c", "2026-11-03 abc"),
        ("two\nlines\tand  more", "2026-11-03 two lines and more"),
        ("🎮 名前 👩‍💻", "2026-11-03 🎮 名前 👩‍💻"),
        ("lone \ud83d surrogate", "2026-11-03 lone surrogate"),
        ("x" * 89, "2026-11-03 " + "x" * 89),
        ("x" * 90, "2026-11-03 " + "x" * 86 + "..."),
    ],
)
def test_titles(title: str, published: str) -> None:
    assert publish.title(title, DAY) == published
    assert len(published) <= 100


def test_a_description_ends_with_where_the_video_comes_from() -> None:
    assert publish.description("", SOURCE) == SOURCE
    assert publish.description("Hello <world>\n\nagain\x00", SOURCE) == f"Hello world\n\nagain\n\n{SOURCE}"
    assert "https://www.twitch.tv/videos/2600000500" in SOURCE


@pytest.mark.parametrize("letter", ["x", "é", "名", "🎮"])
def test_a_long_description_is_cut_between_characters(letter: str) -> None:
    text = publish.description(letter * 6000, SOURCE)
    assert 5000 - 4 < len(text.encode()) <= 5000
    assert text.endswith(SOURCE)
    assert set(text.removesuffix(f"\n\n{SOURCE}")) == {letter}

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from vods.helixparse import Unusable, parse_duration, stream, user, video

VIDEO: dict[str, Any] = {
    "id": "335921245",
    "stream_id": None,
    "user_id": "141981764",
    "user_login": "twitchdev",
    "title": "Twitch Developers 101",
    "created_at": "2018-11-14T21:30:18Z",
    "thumbnail_url": "https://static-cdn.jtvnw.net/cf_vods/x/thumb0-%{width}x%{height}.jpg",
    "language": "en",
    "type": "archive",
    "duration": "3m21s",
    "muted_segments": [{"duration": 30, "offset": 120}],
}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("3h8m33s", 11313), ("45s", 45), ("1m3s", 63), ("2h", 7200), ("48h0m1s", 172801), ("1d2h", 93600), ("0s", 0)],
)
def test_durations_are_read(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "12", "s", "3m2h", "-3s", "1.5h", "3h 8m", "٣s", "1h1h"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no duration"):
        parse_duration(text)


def test_twitchs_own_example_is_understood() -> None:
    found = video(VIDEO)
    assert found.id == "335921245"
    assert found.stream_id == ""
    assert found.created_at == datetime(2018, 11, 14, 21, 30, 18, tzinfo=UTC)
    assert found.duration == 201.0
    assert found.muted_segments == ((120.0, 30.0),)
    assert not found.is_processing


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "12x"}, "id"),
        ({"id": 5}, "id"),
        ({"id": "../../etc"}, "id"),
        ({"created_at": "yesterday"}, "created_at"),
        ({"created_at": "2018-11-14T21:30:18"}, "created_at"),
        ({"duration": "soon"}, "duration"),
        ({"title": 5}, "title"),
        ({"muted_segments": [5]}, "muted_segments"),
        ({"muted_segments": {}}, "muted_segments"),
    ],
)
def test_a_field_that_is_not_as_documented_is_named(change: dict[str, Any], field: str) -> None:
    with pytest.raises(Unusable, match=f'"{field}"'):
        video(VIDEO | change)


def test_a_processing_thumbnail_means_that_the_broadcast_runs() -> None:
    url = "https://vod-secure.twitch.tv/_404/404_processing_%{width}x%{height}.png"
    assert video(VIDEO | {"thumbnail_url": url}).is_processing


def test_nul_is_taken_out_of_titles() -> None:
    assert video(VIDEO | {"title": "a\x00b "}).title == "ab"


def test_users_and_streams_are_checked_too() -> None:
    assert user({"id": "1", "login": "Pia", "display_name": "Pia"}).login == "pia"
    with pytest.raises(Unusable, match="login"):
        user({"id": "1", "login": "a/b"})
    with pytest.raises(Unusable, match="started_at"):
        stream({"id": "1", "user_id": "2", "user_login": "pia"})
    with pytest.raises(Unusable, match="no object"):
        video("x")

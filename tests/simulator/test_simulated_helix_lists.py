from __future__ import annotations

import httpx
import pytest

from simulator.helix import duration_text
from simulator.running import Handle


def test_250_videos_come_in_three_pages_without_repeats(helix: httpx.Client) -> None:
    user = helix.get("users", params={"login": "marathon_mia"}).json()["data"][0]
    ids: list[str] = []
    pages, cursor = 0, None
    while pages == 0 or cursor:
        query = {"user_id": user["id"], "first": "100"} | ({"after": cursor} if cursor else {})
        answer = helix.get("videos", params=query).raise_for_status()
        assert int(answer.headers["Ratelimit-Remaining"]) < 800
        ids += [video["id"] for video in answer.json()["data"]]
        cursor, pages = answer.json()["pagination"].get("cursor"), pages + 1
    assert pages == 3
    assert len(ids) == len(set(ids)) == 250


def test_a_video_has_helix_shape(helix: httpx.Client) -> None:
    video = helix.get("videos", params={"id": "2600000490"}).json()["data"][0]
    assert video["duration"] == "30s"
    assert "%{width}x%{height}" in video["thumbnail_url"]
    assert (video["user_login"], video["type"], video["muted_segments"]) == ("pixel_pia", "archive", None)
    muted = helix.get("videos", params={"id": "2500008990"}).json()["data"][0]["muted_segments"]
    assert muted == [{"duration": 4, "offset": 4}, {"duration": 2, "offset": 14}]


def test_durations_are_written_as_twitch_does() -> None:
    assert [duration_text(s) for s in (45, 63, 3600, 11313)] == ["45s", "1m3s", "1h0m0s", "3h8m33s"]


def test_the_running_broadcast_is_listed_with_the_processing_picture(helix: httpx.Client) -> None:
    stream = helix.get("streams", params={"user_login": "pixel_pia"}).json()["data"][0]
    videos = helix.get("videos", params={"user_id": stream["user_id"]}).json()["data"]
    recording = next(v for v in videos if v["stream_id"] == stream["id"])
    assert "/404_processing_%{width}x%{height}.png" in recording["thumbnail_url"]
    assert recording["created_at"] == stream["started_at"]


@pytest.mark.parametrize("path", ["users?login=nobody_here", "streams?user_login=quiet_quinn"])
def test_what_is_not_there_is_an_empty_list(helix: httpx.Client, path: str) -> None:
    assert helix.get(path).json()["data"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("", 400),
        ("id=1&user_id=2", 400),
        ("user_id=812345601&first=101", 400),
        ("user_id=812345601&after=rubbish", 400),
        ("id=123", 404),
    ],
)
def test_bad_questions_are_refused(helix: httpx.Client, query: str, status: int) -> None:
    answer = helix.get(f"videos?{query}")
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_up_to_100_logins_are_taken(helix: httpx.Client) -> None:
    logins = [f"user_{n}" for n in range(99)]
    assert len(helix.get("users", params={"login": [*logins, "pixel_pia"]}).json()["data"]) == 1
    assert helix.get("users", params={"login": [*logins, "pixel_pia", "quiet_quinn"]}).status_code == 400


def test_a_wrong_token_or_client_is_401(helix: httpx.Client) -> None:
    bad = [{"Authorization": "Bearer wrong"}, {"Client-Id": "x" * 30}, {"Authorization": ""}]
    answers = [helix.get("users?login=pixel_pia", headers=headers) for headers in bad]
    assert [a.json()["message"] for a in answers] == [
        "Invalid OAuth token",
        "Client ID and OAuth token do not match",
        "OAuth token is missing",
    ]
    assert {a.status_code for a in answers} == {401}


def test_a_429_can_be_ordered(simulator: Handle, helix: httpx.Client) -> None:
    simulator.control.post("/helix/faults", status=429, times=1, retry_after=2)
    refused = helix.get("users?login=pixel_pia")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert refused.headers["Ratelimit-Remaining"] == "0"
    assert helix.get("users?login=pixel_pia").status_code == 200

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest

from simulator.running import Handle
from vods.youtube import find_video

API = "https://youtube.googleapis.com/youtube/v3"
UPLOAD = "https://youtube.googleapis.com/upload/youtube/v3/videos?uploadType=resumable&part=snippet"
TWITCH_URL = "https://www.twitch.tv/videos/"


@pytest.fixture
def account(simulator: Handle, http: httpx.Client) -> httpx.Client:
    """A client with an access token of the imported grant."""
    kept = json.loads((simulator.state_dir / "youtube-token.json").read_bytes())
    fields = {name: kept[name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = http.post(kept["token_uri"], data={**fields, "grant_type": "refresh_token"}).raise_for_status()
    http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return http


def upload(account: httpx.Client, title: str, description: str = "") -> str:
    opened = account.post(UPLOAD, json={"snippet": {"title": title, "description": description}}).raise_for_status()
    return str(account.put(opened.headers["Location"], content=title.encode()).raise_for_status().json()["id"])


def uploads_playlist(account: httpx.Client) -> str:
    answer = account.get(f"{API}/channels", params={"part": "contentDetails", "mine": "true"}).raise_for_status()
    return str(answer.json()["items"][0]["contentDetails"]["relatedPlaylists"]["uploads"])


def items(account: httpx.Client, **query: Any) -> dict[str, Any]:
    query = {"part": "snippet", "playlistId": uploads_playlist(account), **query}
    answer: dict[str, Any] = account.get(f"{API}/playlistItems", params=query).raise_for_status().json()
    return answer


def test_the_uploads_are_listed_in_pages(account: httpx.Client) -> None:
    ids = {upload(account, f"listed {n}") for n in range(3)}
    listed: list[str] = []
    page: dict[str, Any] = {"nextPageToken": "0"}
    while "nextPageToken" in page:
        page = items(account, maxResults=2, pageToken=page["nextPageToken"])
        assert len(page["items"]) <= 2
        listed += [item["snippet"]["resourceId"]["videoId"] for item in page["items"]]
    assert ids <= set(listed)
    assert len(listed) == len(set(listed)) == page["pageInfo"]["totalResults"]
    assert len(items(account)["items"]) <= 5


@pytest.mark.parametrize(
    ("query", "status", "reason"),
    [
        ({"playlistId": "UUnobody"}, 404, "playlistNotFound"),
        ({"maxResults": 51}, 400, "invalidValue"),
        ({"pageToken": "rubbish"}, 400, "invalidValue"),
    ],
)
def test_bad_questions_are_refused(account: httpx.Client, query: dict[str, Any], status: int, reason: str) -> None:
    query = {"part": "snippet", "playlistId": uploads_playlist(account), **query}
    answer = account.get(f"{API}/playlistItems", params=query)
    assert (answer.status_code, answer.json()["error"]["errors"][0]["reason"]) == (status, reason)


class Account:
    """The account's access token, as find_video wants it."""

    def __init__(self, client: httpx.Client) -> None:
        self._text = client.headers["Authorization"].partition(" ")[2]

    def token(self) -> str:
        return self._text

    def renewed(self, stale: str) -> str:
        return stale


def test_the_product_finds_a_video_by_its_vod(
    simulator: Handle, account: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, simulator.env[name])
    mine = upload(account, "an archived VOD", f"Broadcast of yesterday\n{TWITCH_URL}2600000500\n")
    upload(account, "another one", f"{TWITCH_URL}26000005001")
    found = [find_video(f"{TWITCH_URL}{n}", Account(account), threading.Event()) for n in (2600000500, 26)]
    assert found == [mine, ""]


def test_an_account_that_may_only_upload_cannot_list(simulator: Handle, account: httpx.Client) -> None:
    fault = {"status": 403, "reason": "insufficientPermissions", "times": 1}
    simulator.control.post("/faults", target="youtube/api/channels", **fault)
    refused = account.get(f"{API}/channels", params={"part": "contentDetails", "mine": "true"})
    assert refused.json()["error"]["errors"][0]["reason"] == "insufficientPermissions"
    assert uploads_playlist(account).startswith("UU")

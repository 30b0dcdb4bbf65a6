from __future__ import annotations

import time

import httpx
from simulator_clients import add_vod, gql, playlist_url, segment_urls

from simulator.running import Handle


def test_tokens_and_links_die_in_mid_download_until_new_ones_are_asked_for(
    simulator: Handle, http: httpx.Client, new_vod: str
) -> None:
    playlist, urls = playlist_url(http, new_vod), segment_urls(http, new_vod)
    simulator.control.post(f"/vods/{new_vod}/faults", segments={"5": {"expire": True, "times": 1}})
    assert [http.get(url).status_code for url in urls] == [200] * 5 + [403] * 5
    assert http.get(playlist).status_code == 403
    fresh = segment_urls(http, new_vod)
    assert [http.get(url).status_code for url in fresh] == [200] * 10
    assert [url.partition("?")[0] for url in fresh] == urls


def test_a_playback_token_dies_with_the_links(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    token = gql(http, "PlaybackAccessToken", vodID=new_vod).json()["data"]["videoPlaybackAccessToken"]
    usher = f"https://usher.ttvnw.net/vod/{new_vod}.m3u8"
    query = {"token": token["value"], "sig": token["signature"]}
    assert http.get(usher, params=query).status_code == 200
    simulator.control.post(f"/vods/{new_vod}/expire")
    refused = http.get(usher, params=query)
    assert (refused.status_code, refused.json()[0]["error_code"]) == (403, "nauth_token_invalid")


def test_links_can_live_for_seconds(simulator: Handle, http: httpx.Client) -> None:
    vod = add_vod(simulator, link_seconds=4)
    url = segment_urls(http, vod)[0]
    assert "Expires=" in url
    assert http.get(url).status_code == 200
    assert http.get(url.partition("?")[0]).status_code == 403
    deadline = time.monotonic() + 10
    while (answer := http.get(url)).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert answer.status_code == 403
    assert b"<Code>AccessDenied</Code>" in answer.content
    assert http.get(segment_urls(http, vod)[0]).status_code == 200


def test_the_log_shows_no_signature(simulator: Handle, http: httpx.Client) -> None:
    http.get(segment_urls(http, add_vod(simulator, link_seconds=60))[0])
    assert "Signature=…" in simulator.control.requests(contains="/chunked/0.ts")[-1]["path"]

from __future__ import annotations

import time
from urllib.parse import urljoin

import httpx
import pytest
from simulator_clients import add_vod, gql, loudest, packets, playlist, playlist_url, segment_urls

from simulator.running import ControlError, Handle


def test_segments_are_dropped_renamed_and_appended(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    before = segment_urls(http, new_vod)
    simulator.control.post(f"/vods/{new_vod}/playlist", drop=[2, 3], rename={"5": "5-again.ts"}, append=4)
    after = segment_urls(http, new_vod)
    names = [url.rpartition("/")[2] for url in after]
    assert names == ["0.ts", "1.ts", "4.ts", "5-again.ts", *(f"{n}.ts" for n in range(6, 14))]
    assert [http.get(url).status_code for url in after] == [200] * 12
    assert [http.get(before[n]).status_code for n in (2, 5)] == [404, 404]


def test_a_renamed_segment_has_the_same_bytes(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    content = http.get(segment_urls(http, new_vod)[5]).content
    simulator.control.post(f"/vods/{new_vod}/playlist", rename={"5": "5-again.ts"})
    assert http.get(segment_urls(http, new_vod)[5]).content == content


def test_a_vod_moves_to_another_folder(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    old = segment_urls(http, new_vod)[0]
    simulator.control.post(f"/vods/{new_vod}/playlist", folder=True)
    new = segment_urls(http, new_vod)[0]
    assert new != old
    assert [http.get(url).status_code for url in (old, new)] == [404, 200]


def test_a_vod_is_muted_between_two_tries(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    plain = segment_urls(http, new_vod)[4]
    loud = http.get(plain).content
    simulator.control.post(f"/vods/{new_vod}/playlist", muted=[4])
    muted = segment_urls(http, new_vod)[4]
    assert muted == plain.replace("4.ts", "4-muted.ts")
    assert loudest(loud) > 1000
    assert loudest(http.get(muted).content) < 10
    assert http.get(plain).status_code == 403
    simulator.control.post(f"/vods/{new_vod}/playlist", unmuted_answers=True)
    assert http.get(plain).content == loud


def test_a_muted_segment_has_the_same_pictures(simulator: Handle, http: httpx.Client) -> None:
    urls = segment_urls(http, add_vod(simulator, muted=[4], unmuted_answers=True), "160p30")
    muted, plain = http.get(urls[4]).content, http.get(urls[4].replace("-muted", "")).content
    assert loudest(muted) < 10 < loudest(plain)
    assert packets(muted, "v") == packets(plain, "v")
    assert [row[:2] for row in packets(muted, "a")] == [row[:2] for row in packets(plain, "a")]


def test_the_end_may_be_missing(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    simulator.control.post(f"/vods/{new_vod}/playlist", endlist=False)
    assert "#EXT-X-ENDLIST" not in playlist(http, new_vod)
    simulator.control.post(f"/vods/{new_vod}/playlist", endlist=True)
    assert playlist(http, new_vod)[-1] == "#EXT-X-ENDLIST"


def test_a_broadcast_grows_until_it_is_ended(simulator: Handle, http: httpx.Client) -> None:
    vod = add_vod(simulator, seconds=3600, recording=True, age_seconds=30)
    picture = gql(http, "VideoMetadata", videoID=vod).json()["data"]["video"]["previewThumbnailURL"]
    assert "404_processing" in picture
    first = segment_urls(http, vod)
    assert len(first) >= 15
    deadline = time.monotonic() + 10
    while len(segment_urls(http, vod)) <= len(first):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert "#EXT-X-ENDLIST" not in playlist(http, vod)
    simulator.control.post(f"/vods/{vod}/playlist", recording=False)
    lines = playlist(http, vod)
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert http.get(urljoin(playlist_url(http, vod), lines[-2])).status_code == 200


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"container": "fmp4"}, "container cannot change"),
        ({"drops": [1]}, "unknown field drops"),
        ({"muted": 3}, "muted cannot be 3"),
        ({"rename": {"1": "../x.ts"}}, "plain file name"),
    ],
)
def test_what_cannot_be_changed_is_said(simulator: Handle, new_vod: str, change: dict[str, object], words: str) -> None:
    with pytest.raises(ControlError, match=words):
        simulator.control.post(f"/vods/{new_vod}/playlist", **change)

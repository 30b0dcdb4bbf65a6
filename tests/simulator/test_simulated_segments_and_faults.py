from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from simulator_clients import download, gql, playlist_url, segment_urls

from simulator.clock import frame_numbers
from simulator.running import Handle
from simulator.seed import FLAKY, HOLE_AT, HOLED, vod_id_of_demo


async def read_all(simulator: Handle, url: str) -> bytes:
    """A GET without a library: Python's blocking TLS sockets report a reset as a mere end."""
    parts, proxy = urlsplit(url), urlsplit(simulator.env["HTTPS_PROXY"])
    reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port)
    writer.write(f"CONNECT {parts.hostname}:443 HTTP/1.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    context = ssl.create_default_context(cafile=simulator.env["SSL_CERT_FILE"])
    await writer.start_tls(context, server_hostname=parts.hostname)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.hostname}\r\n\r\n".encode())
    return await reader.read()


@pytest.mark.parametrize("quality", ["chunked", "160p30"])
def test_the_frames_of_a_downloaded_vod_rise_by_one(http: httpx.Client, tmp_path: Path, quality: str) -> None:
    file = tmp_path / "vod.ts"
    file.write_bytes(download(http, vod_id_of_demo(0), quality))
    assert frame_numbers(file) == list(range(24 * 30))


def test_a_playlist_looks_like_twitchs(http: httpx.Client) -> None:
    lines = http.get(playlist_url(http, vod_id_of_demo(0))).text.splitlines()
    assert "#EXT-X-PLAYLIST-TYPE:EVENT" in lines
    assert "#EXT-X-TWITCH-TOTAL-SECS:24.000" in lines
    assert lines[-1] == "#EXT-X-ENDLIST"
    assert lines[8:10] == ["#EXTINF:2.000,", "0.ts"]


def test_the_flaky_vod_works_the_second_time(http: httpx.Client) -> None:
    urls = segment_urls(http, vod_id_of_demo(FLAKY))
    first = [http.get(url) for url in urls]
    assert {n: a.status_code for n, a in enumerate(first) if a.status_code != 200} == {2: 503, 5: 503, 8: 429}
    assert first[8].headers["Retry-After"] == "1"
    assert {http.get(url).status_code for url in urls} == {200}


def test_the_hole_stays(http: httpx.Client) -> None:
    url = segment_urls(http, vod_id_of_demo(HOLED))[HOLE_AT]
    assert [http.get(url).status_code for _ in range(3)] == [404] * 3


def test_muted_segments_have_their_own_names(http: httpx.Client) -> None:
    urls = segment_urls(http, "2500008990")
    assert [n for n, url in enumerate(urls) if url.endswith("-muted.ts")] == [2, 3, 7]
    assert http.get(urls[2]).status_code == 200
    assert http.get(urls[2].replace("-muted", "")).status_code == 403


def test_a_byte_range_is_served(http: httpx.Client) -> None:
    url = segment_urls(http, vod_id_of_demo(0))[0]
    whole, part = http.get(url).content, http.get(url, headers={"Range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole[100:200])


def test_a_connection_is_reset_or_closed_in_the_middle(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    urls = segment_urls(http, new_vod)
    body = {"0": {"reset_after": 5000, "times": 1}, "1": {"truncate": 5000, "times": 1}}
    simulator.control.post(f"/vods/{new_vod}/faults", segments=body)
    with pytest.raises(ConnectionResetError):
        asyncio.run(read_all(simulator, urls[0]))
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(urls[1])
    assert [http.get(url).status_code for url in urls[:2]] == [200, 200]


def test_a_short_segment_agrees_with_its_length(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    url = segment_urls(http, new_vod)[0]
    simulator.control.post(f"/vods/{new_vod}/faults", segments={"*": {"short": 1880}})
    answer = http.get(url)
    assert (answer.headers["Content-Length"], len(answer.content)) == ("1880", 1880)


def test_rate_and_latency_slow_a_vod_down(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    url = segment_urls(http, new_vod)[0]
    size = len(http.get(url).content)
    simulator.control.post(f"/vods/{new_vod}/faults", rate=size * 4)
    simulator.control.post(f"/vods/{new_vod}/faults", latency=0.2)
    started = time.monotonic()
    assert len(http.get(url).content) == size
    assert 0.4 < time.monotonic() - started < 3


def test_a_fault_of_gql_is_that_vods_alone(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    simulator.control.post(f"/vods/{new_vod}/faults", gql={"status": 503, "times": 1})
    assert gql(http, "VideoMetadata", videoID=vod_id_of_demo(0)).status_code == 200
    assert [gql(http, "VideoMetadata", videoID=new_vod).status_code for _ in range(2)] == [503, 200]


def test_an_unknown_fault_is_refused_by_name(simulator: Handle, new_vod: str) -> None:
    with pytest.raises(RuntimeError, match="unknown field statu"):
        simulator.control.post(f"/vods/{new_vod}/faults", statu=503)


def test_usher_wants_the_token_it_knows(http: httpx.Client) -> None:
    answer = http.get(f"https://usher.ttvnw.net/vod/{vod_id_of_demo(0)}.m3u8", params={"token": "{}", "sig": "0" * 40})
    assert (answer.status_code, answer.headers["Content-Type"]) == (403, "application/json")
    assert answer.json()[0]["type"] == "error"


def test_gql_checks_client_and_hash(http: httpx.Client) -> None:
    body = {"operationName": "VideoMetadata", "variables": {}, "extensions": {"persistedQuery": {"sha256Hash": "0"}}}
    assert http.post("https://gql.twitch.tv/gql", json=body).status_code == 400
    answer = http.post("https://gql.twitch.tv/gql", json=body, headers={"Client-ID": "kimne78kx3ncx6brgo4mv6wki5h1ko"})
    assert answer.json()["errors"][0]["message"] == "PersistedQueryNotFound"


def test_an_unknown_host_is_a_logged_404(simulator: Handle, http: httpx.Client) -> None:
    assert http.get("https://nowhere.example/x").status_code == 404
    logged = simulator.control.requests(host="nowhere.example")[-1]
    assert (logged["status"], logged["path"]) == (404, "/x")
    assert "404 GET nowhere.example/x" in (simulator.state_dir / "requests.log").read_text()


def test_plain_http_gets_502(simulator: Handle) -> None:
    with httpx.Client(proxy=simulator.env["HTTPS_PROXY"], trust_env=False) as client:
        assert client.get("http://usher.ttvnw.net/").status_code == 502


def test_the_log_holds_no_secret(simulator: Handle, http: httpx.Client) -> None:
    playlist_url(http, vod_id_of_demo(0))
    path = simulator.control.requests(host="usher.ttvnw.net")[-1]["path"]
    assert "token=…" in path
    assert "sig=…" in path


@pytest.mark.parametrize("size", ["320x180", "0x0"])
def test_thumbnails_come_in_any_size(helix: httpx.Client, size: str) -> None:
    template = helix.get("videos", params={"id": vod_id_of_demo(0)}).json()["data"][0]["thumbnail_url"]
    answer = helix.get(template.replace("%{width}x%{height}", size))
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")

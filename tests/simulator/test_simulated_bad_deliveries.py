from __future__ import annotations

import asyncio
import ssl
import time
from urllib.parse import urlsplit

import httpx
import pytest
from simulator_clients import gql, segment_urls

from simulator.running import Handle


async def read_raw(simulator: Handle, url: str) -> bytes:
    """Head and body of a GET until the connection ends, whatever Content-Length says."""
    parts, proxy = urlsplit(url), urlsplit(simulator.env["HTTPS_PROXY"])
    reader, writer = await asyncio.open_connection(proxy.hostname, proxy.port)
    writer.write(f"CONNECT {parts.hostname}:443 HTTP/1.1\r\n\r\n".encode())
    await reader.readuntil(b"\r\n\r\n")
    context = ssl.create_default_context(cafile=simulator.env["SSL_CERT_FILE"])
    await writer.start_tls(context, server_hostname=parts.hostname)
    writer.write(f"GET {parts.path} HTTP/1.1\r\nHost: {parts.hostname}\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 20)
    writer.close()
    return answer


def faults(simulator: Handle, vod: str, **body: object) -> None:
    simulator.control.post(f"/vods/{vod}/faults", **body)


def test_a_content_length_that_is_too_large_breaks_the_answer(
    simulator: Handle, http: httpx.Client, new_vod: str
) -> None:
    url = segment_urls(http, new_vod)[0]
    faults(simulator, new_vod, length_off=100, times=1)
    with pytest.raises(httpx.RemoteProtocolError):
        http.get(url)
    assert http.get(url).status_code == 200


def test_a_content_length_that_is_too_small_is_followed_by_more(
    simulator: Handle, http: httpx.Client, new_vod: str
) -> None:
    url = segment_urls(http, new_vod)[0]
    whole = http.get(url).content
    faults(simulator, new_vod, length_off=-188, times=2)
    assert http.get(url).content == whole[:-188]
    head, _, body = asyncio.run(read_raw(simulator, url)).partition(b"\r\n\r\n")
    assert f"Content-Length: {len(whole) - 188}".encode() in head
    assert body == whole


def test_an_answer_stalls_in_its_middle(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    url = segment_urls(http, new_vod)[0]
    faults(simulator, new_vod, segments={"0": {"stall": 1, "stall_at": 20_000}})
    with httpx.stream("GET", url, proxy=simulator.env["HTTPS_PROXY"], verify=http_context(simulator)) as answer:
        started, arrived = time.monotonic(), 0
        before = None
        for piece in answer.iter_raw():
            arrived += len(piece)
            if arrived > 20_000 and before is None:
                before = time.monotonic() - started
    assert before is not None
    assert before > 0.3
    assert arrived == int(answer.headers["Content-Length"])


def http_context(simulator: Handle) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=simulator.env["SSL_CERT_FILE"])


def test_a_client_that_waits_less_gives_up_in_a_stall(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    url = segment_urls(http, new_vod)[0]
    faults(simulator, new_vod, segments={"0": {"stall": 30, "stall_at": 1000, "times": 1}})
    with pytest.raises(httpx.ReadTimeout):
        http.get(url, timeout=0.3)
    assert http.get(url).status_code == 200


def test_a_drip_is_as_slow_as_it_is_told(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    url = segment_urls(http, new_vod, "160p30")[0]
    size = len(http.get(url).content)
    faults(simulator, new_vod, rate=size)
    started = time.monotonic()
    assert len(http.get(url).content) == size
    assert 0.8 < time.monotonic() - started < 3


def test_the_rate_is_one_connections(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    urls = segment_urls(http, new_vod, "160p30")[:4]
    sizes = [len(http.get(url).content) for url in urls]
    faults(simulator, new_vod, rate=sum(sizes))

    async def together() -> float:
        limits = httpx.Limits(max_connections=4)
        context, proxy = http_context(simulator), simulator.env["HTTPS_PROXY"]
        async with httpx.AsyncClient(proxy=proxy, verify=context, limits=limits) as client:
            started = time.monotonic()
            await asyncio.gather(*(client.get(url) for url in urls))
            return time.monotonic() - started

    started = time.monotonic()
    for url in urls:
        http.get(url)
    in_a_row = time.monotonic() - started
    assert in_a_row > 0.7
    assert asyncio.run(together()) < 0.8 * in_a_row


def test_a_rule_can_leave_the_first_requests_alone(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    faults(simulator, new_vod, segments={"*": {"status": 503, "skip": 2, "times": 1}})
    assert [http.get(url).status_code for url in segment_urls(http, new_vod)[:4]] == [200, 200, 503, 200]


def test_a_host_can_have_faults(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    simulator.control.post("/faults", target="host/gql.twitch.tv", status=503, times=1)
    answers = [gql(http, "VideoMetadata", videoID=new_vod).status_code for _ in range(2)]
    assert answers == [503, 200]


def test_a_playlist_can_be_cut(simulator: Handle, http: httpx.Client, new_vod: str) -> None:
    faults(simulator, new_vod, playlist={"short": 300, "times": 1})
    assert len(segment_urls(http, new_vod)) < 10
    assert len(segment_urls(http, new_vod)) == 10

"""How the tests reach the simulator: with httpx, and with an unmodified yt-dlp in a process of its own."""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
from array import array
from typing import Any

import httpx

from simulator import TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET
from simulator.ffmpeg import executable
from simulator.gql import OPERATIONS
from simulator.running import Handle

_RESOLVE = """
import json, sys, yt_dlp
from yt_dlp.utils import DownloadError
with yt_dlp.YoutubeDL({"compat_opts": {"no-certifi"}, "quiet": True, "no_warnings": True}) as ydl:
    try:
        print(json.dumps(ydl.sanitize_info(ydl.extract_info(sys.argv[1], download=False))))
    except DownloadError as error:
        print(json.dumps({"error": str(error)}))
"""


def client_of(handle: Handle) -> httpx.Client:
    """An HTTP client that reaches the simulator as a product does: through the proxy, trusting only its CA."""
    context = ssl.create_default_context(cafile=handle.env["SSL_CERT_FILE"])
    return httpx.Client(proxy=handle.env["HTTPS_PROXY"], verify=context, timeout=30, trust_env=False)


def add_vod(handle: Handle, **properties: Any) -> str:
    """A short VOD of the quiet channel; it shares the first base VOD's media (24 s) unless `media` says otherwise."""
    body = {"channel": "quiet_quinn", "title": "for one test", "seconds": 20, "media": "base0", **properties}
    return str(handle.control.post("/vods", **body)["id"])


def loudest(media: bytes) -> int:
    """The largest sample (of 32767) of the sound, decoded by ffmpeg."""
    command = [executable(), "-v", "error", "-i", "-", "-map", "0:a:0", "-f", "s16le", "-"]
    samples = array("h", subprocess.run(command, input=media, capture_output=True, check=True).stdout)
    return max(map(abs, samples))


def packets(media: bytes, kind: str) -> list[list[str]]:
    """dts, pts, duration, size, checksum of every packet of the `v` or `a` stream, as they stand in the file."""
    options = ["-map", f"0:{kind}", "-c", "copy", "-f", "framecrc", "-"]
    command = [executable(), "-v", "error", "-copyts", "-i", "-", *options]
    listed = subprocess.run(command, input=media, capture_output=True, check=True).stdout.decode()
    rows = [[value.strip() for value in line.split(",")] for line in listed.splitlines() if line.startswith("0,")]
    return [row[1:6] for row in rows]


def app_token(client: httpx.Client) -> str:
    fields = {"client_id": TWITCH_CLIENT_ID, "client_secret": TWITCH_CLIENT_SECRET, "grant_type": "client_credentials"}
    return str(client.post("https://id.twitch.tv/oauth2/token", data=fields).raise_for_status().json()["access_token"])


def resolve(handle: Handle, vod_id: str) -> dict[str, Any]:
    """What yt-dlp says of a VOD, pointed at the simulator by two variables; an error as {error}."""
    names = ("HTTPS_PROXY", "SSL_CERT_FILE")
    env = {"PATH": os.environ["PATH"], "HOME": str(handle.state_dir)} | {name: handle.env[name] for name in names}
    command = [sys.executable, "-c", _RESOLVE, f"https://www.twitch.tv/videos/{vod_id}"]
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def gql(client: httpx.Client, operation: str, **variables: Any) -> httpx.Response:
    """One persisted query, as a browser sends it."""
    digest = next(iter(OPERATIONS[operation]))
    body = {
        "operationName": operation,
        "variables": variables,
        "extensions": {"persistedQuery": {"version": 1, "sha256Hash": digest}},
    }
    headers = {"Client-ID": "kimne78kx3ncx6brgo4mv6wki5h1ko"}
    return client.post("https://gql.twitch.tv/gql", json=body, headers=headers)


def playlist_url(client: httpx.Client, vod_id: str, quality: str = "chunked") -> str:
    token = gql(client, "PlaybackAccessToken", vodID=vod_id, isVod=True).json()["data"]["videoPlaybackAccessToken"]
    query = {"token": token["value"], "sig": token["signature"], "allow_source": "true"}
    master = client.get(f"https://usher.ttvnw.net/vod/{vod_id}.m3u8", params=query).raise_for_status().text
    return next(line for line in master.splitlines() if f"/{quality}/" in line)


def playlist(client: httpx.Client, vod_id: str, quality: str = "chunked") -> list[str]:
    """The lines of the media playlist."""
    return client.get(playlist_url(client, vod_id, quality)).raise_for_status().text.splitlines()


def segment_urls(client: httpx.Client, vod_id: str, quality: str = "chunked") -> list[str]:
    url = playlist_url(client, vod_id, quality)
    lines = client.get(url).raise_for_status().text.splitlines()
    folder = url.partition("?")[0].rpartition("/")[0]
    return [f"{folder}/{line}" for line in lines if line and not line.startswith("#")]


def download(client: httpx.Client, vod_id: str, quality: str = "chunked") -> bytes:
    """All segments joined: a playable MPEG-TS."""
    return b"".join(client.get(url).raise_for_status().content for url in segment_urls(client, vod_id, quality))

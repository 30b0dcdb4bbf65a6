from __future__ import annotations

import subprocess
import sys
from itertools import pairwise
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from simulator_clients import add_vod, loudest, playlist, playlist_url, segment_urls

from simulator.clock import frame_numbers
from simulator.running import ControlError, Handle

SECONDS = 12
_DOWNLOAD = """
import sys, yt_dlp
options = {"compat_opts": {"no-certifi"}, "quiet": True, "format": "160p", "outtmpl": sys.argv[2]}
with yt_dlp.YoutubeDL(options) as ydl:
    ydl.download([f"https://www.twitch.tv/videos/{sys.argv[1]}"])
"""


def fmp4(simulator: Handle, **properties: object) -> str:
    body = {"container": "fmp4", "inits": 2, "media": "short", "seconds": SECONDS, **properties}
    return add_vod(simulator, **body)


def shares(http: httpx.Client, vod_id: str, quality: str) -> list[list[bytes]]:
    """For every init section: itself and its segments."""
    url = playlist_url(http, vod_id, quality)
    groups: list[list[bytes]] = []
    for line in http.get(url).raise_for_status().text.splitlines():
        if line.startswith("#EXT-X-MAP:"):
            groups.append([http.get(urljoin(url, line.split('"')[1])).raise_for_status().content])
        elif not line.startswith("#"):
            groups[-1].append(http.get(urljoin(url, line)).raise_for_status().content)
    return groups


def picture_size(init: bytes) -> tuple[int, int]:
    """From the sample entry `avc1` (ISO 14496-12)."""
    at = init.index(b"avc1", init.index(b"stsd")) + 28
    return int.from_bytes(init[at : at + 2]), int.from_bytes(init[at + 2 : at + 4])


def test_the_playlist_changes_its_init_section_as_rfc_8216_says(simulator: Handle, http: httpx.Client) -> None:
    lines = playlist(http, fmp4(simulator))
    assert lines[1] == "#EXT-X-VERSION:6"
    assert [n for n, line in enumerate(lines) if "init-1.mp4" in line] == [lines.index("3.mp4") - 2]
    assert lines[lines.index('#EXT-X-MAP:URI="init-1.mp4"') - 1] == "#EXT-X-DISCONTINUITY"
    assert "#EXT-X-DISCONTINUITY" not in playlist(http, fmp4(simulator, discontinuities=False))


@pytest.mark.parametrize("quality", ["chunked", "160p30"])
def test_every_share_decodes_with_its_own_init(
    simulator: Handle, http: httpx.Client, tmp_path: Path, quality: str
) -> None:
    numbers = []
    for share in shares(http, fmp4(simulator), quality):
        file = tmp_path / "share.mp4"
        file.write_bytes(b"".join(share))
        numbers += frame_numbers(file)
    assert numbers == list(range(SECONDS * 30))


def test_no_share_decodes_with_the_others_init(simulator: Handle, http: httpx.Client, tmp_path: Path) -> None:
    first, second = shares(http, fmp4(simulator), "chunked")
    file = tmp_path / "wrong.mp4"
    file.write_bytes(b"".join([first[0], *second[1:]]))
    with pytest.raises(RuntimeError, match="does not decode"):
        frame_numbers(file)


def test_the_pictures_size_may_change(simulator: Handle, http: httpx.Client, tmp_path: Path) -> None:
    groups = shares(http, fmp4(simulator, resize=True, inits=3), "chunked")
    assert [picture_size(share[0]) for share in groups] == [(640, 360), (480, 270), (640, 360)]
    file = tmp_path / "share.mp4"
    file.write_bytes(b"".join(groups[1]))
    assert frame_numbers(file) == list(range(4 * 30, 8 * 30))


def test_the_times_of_the_fragments_go_on(simulator: Handle, http: httpx.Client) -> None:
    [sound] = {q: shares(http, fmp4(simulator), q) for q in ["audio_only"]}.values()
    decode_times = [segment[(at := segment.index(b"tfdt")) + 8 : at + 16] for share in sound for segment in share[1:]]
    times = [int.from_bytes(time) / 48_000 for time in decode_times]
    assert all(1.9 < later - earlier < 2.1 for earlier, later in pairwise(times))


def test_muted_fragments_are_silent(simulator: Handle, http: httpx.Client) -> None:
    vod = fmp4(simulator, muted=[1])
    url = segment_urls(http, vod)[1]
    assert url.endswith("/1-muted.mp4")
    init = http.get(urljoin(url, "init-0.mp4")).content
    assert loudest(init + http.get(url).content) < 10
    assert http.get(url.replace("-muted", "")).status_code == 403


def test_an_init_section_can_fail(simulator: Handle, http: httpx.Client) -> None:
    vod = fmp4(simulator)
    init = urljoin(playlist_url(http, vod), "init-1.mp4")
    simulator.control.post(f"/vods/{vod}/faults", init={"status": 404, "times": 1})
    assert [http.get(init).status_code for _ in range(2)] == [404, 200]


def test_an_unmodified_ytdlp_gives_up_at_the_second_init(simulator: Handle, tmp_path: Path) -> None:
    environment = {name: simulator.env[name] for name in ("HTTPS_PROXY", "SSL_CERT_FILE")} | {"HOME": str(tmp_path)}
    command = [sys.executable, "-c", _DOWNLOAD, fmp4(simulator), str(tmp_path / "out.mp4")]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert "Initialization fragment found after media fragments" in done.stderr


def test_fmp4_is_not_repeated(simulator: Handle) -> None:
    with pytest.raises(ControlError, match="can be repeated"):
        fmp4(simulator, seconds=100)

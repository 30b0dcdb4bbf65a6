from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from simulator_clients import add_vod, app_token, client_of, playlist, playlist_url, segment_urls

from simulator import TWITCH_CLIENT_ID, environment
from simulator.running import Handle, start

SESSION = "https://youtube.googleapis.com/upload/youtube/v3/videos?uploadType=resumable&part=snippet"
GRAIN = 256 * 1024


def google_headers(client: httpx.Client, handle: Handle) -> dict[str, str]:
    kept = json.loads((handle.state_dir / "youtube-token.json").read_bytes())
    fields = {name: kept[name] for name in ("client_id", "client_secret", "refresh_token")}
    answer = client.post(kept["token_uri"], data={**fields, "grant_type": "refresh_token"}).raise_for_status()
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def listed(client: httpx.Client, headers: dict[str, str]) -> list[Any]:
    query = {"user_id": "812345601", "first": "100"}
    videos = client.get("https://api.twitch.tv/helix/videos", params=query, headers=headers).raise_for_status()
    return [(v["id"], v["created_at"], v["title"], v["stream_id"]) for v in videos.json()["data"]]


def without_query(lines: list[str]) -> list[str]:
    """Without the signatures, and the time of the answer."""
    return [re.sub(r"\?Expires=[^\"]*", "", line) for line in lines if not line.startswith("#ID3")]


def test_kill_9_loses_nothing(tmp_path: Path, shared_media: tuple[str, ...]) -> None:
    first = start(tmp_path / "state", "--broadcast-seconds", "100000", *shared_media)
    try:
        with client_of(first) as client:
            helix = {"Authorization": f"Bearer {app_token(client)}", "Client-Id": TWITCH_CLIENT_ID}
            google = google_headers(client, first)
            before = listed(client, helix)
            content = b"v" * (2 * GRAIN + 77)
            opened = client.post(SESSION, json={"snippet": {"title": "over the kill"}}, headers=google)
            where = opened.headers["Location"]
            range_ = {"Content-Range": f"bytes 0-{GRAIN - 1}/{len(content)}"}
            assert client.put(where, content=content[:GRAIN], headers=range_).status_code == 308
            odd = add_vod(first, media="short", seconds=12, container="fmp4", inits=2, link_seconds=3600)
            first.control.post(f"/vods/{odd}/playlist", drop=[1], rename={"2": "other.mp4"}, endlist=False)
            first.control.post("/faults", target=f"vod/{odd}/init/1", status=404, skip=1)
            lines = without_query(playlist(client, odd))
        said = first.control.say("quiet_quinn", "kept")
    finally:
        first.kill()

    second = start(tmp_path / "state", "--broadcast-seconds", "100000", *shared_media)
    try:
        with client_of(second) as client:
            assert listed(client, helix) == before
            assert without_query(playlist(client, odd)) == lines
            init = playlist_url(client, odd).replace("index-dvr.m3u8", "init-1.mp4")
            assert [client.get(init).status_code for _ in range(3)] == [200, 404, 404]
            assert second.control.chat("quiet_quinn")[-1]["id"] == said[0]
            probe = client.put(where, headers={"Content-Range": f"bytes */{len(content)}"})
            assert (probe.status_code, probe.headers["Range"]) == (308, f"bytes=0-{GRAIN - 1}")
            range_ = {"Content-Range": f"bytes {GRAIN}-{len(content) - 1}/{len(content)}"}
            video = client.put(where, content=content[GRAIN:], headers={**range_, **google}).json()
            assert [(v["id"], v["size"]) for v in second.control.videos()] == [(video["id"], len(content))]
    finally:
        second.stop()


def test_a_broadcast_ends_its_vod_is_finished_and_the_next_begins(
    tmp_path: Path, shared_media: tuple[str, ...]
) -> None:
    handle = start(tmp_path / "state", "--broadcast-seconds", "5", "--pause-seconds", "1", *shared_media)
    try:
        deadline = time.monotonic() + 20
        while "pixel_pia" not in (live := handle.control.get("/state")["broadcasts"])["live"] or (
            live["live"]["pixel_pia"]["number"] < 2
        ):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        newest = sorted(handle.control.vods("pixel_pia"), key=lambda v: v["created_at"])[-2:]
        assert [v["recording"] for v in newest] == [False, True]
        assert newest[0]["length"] == 4
        with client_of(handle) as client:
            assert len(segment_urls(client, newest[0]["id"])) == 2
        handle.control.post("/broadcast/pixel_pia", live=False)
        assert handle.control.get("/state")["broadcasts"]["live"] == {}
    finally:
        handle.stop()


def test_the_first_good_vod_is_ready_within_seconds_and_sigterm_ends_all(tmp_path: Path) -> None:
    handle = start(tmp_path / "state")
    try:
        started = time.monotonic()
        with client_of(handle) as client:
            assert client.get(segment_urls(client, "2600000500")[0]).status_code == 200
        assert time.monotonic() - started < 20
    finally:
        handle.process.terminate()
        started = time.monotonic()
        handle.process.wait(10)
        assert time.monotonic() - started < 3
    assert handle.process.returncode == 0


def test_the_command_prints_the_environment(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "manage.py", "simulate", "--state-dir", str(tmp_path), "--proxy-port", str(port)]
    root = Path(__file__).resolve().parents[2]
    with subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed = dict(process.stdout.readline().strip().split("=", 1) for _ in range(8))
        facts = json.loads((tmp_path / "simulator.json").read_bytes())
        irc_port = int(facts["irc"].rpartition(":")[2])
        assert printed == environment(tmp_path, proxy_port=port, irc_port=irc_port)
        assert (facts["proxy"], facts["pid"]) == (f"http://127.0.0.1:{port}", process.pid)
        process.terminate()
        assert process.wait(5) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [(["--irc-port", "99999"], "a port is a number"), (["--proxy-port", "{taken}"], "Choose another port or folder")],
)
def test_bad_input_gets_a_sentence(simulator: Handle, tmp_path: Path, arguments: list[str], words: str) -> None:
    taken = simulator.env["HTTPS_PROXY"].rpartition(":")[2]
    command = [sys.executable, "-m", "simulator", "--state-dir", str(tmp_path)]
    command += [a.format(taken=taken) for a in arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_two_simulators_do_not_share_a_state_folder(simulator: Handle) -> None:
    with pytest.raises(RuntimeError, match="did not start"):
        start(simulator.state_dir)


def test_a_damaged_state_is_named(tmp_path: Path) -> None:
    (tmp_path / "catalogue.json").write_text("{broken")
    with pytest.raises(RuntimeError, match=r"catalogue\.json is damaged .* remove it") as caught:
        start(tmp_path)
    assert "Traceback" not in str(caught.value)

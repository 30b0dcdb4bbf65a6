from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import ssl
from pathlib import Path
from typing import Any

import google.auth.exceptions
import google_auth_httplib2
import httplib2
import pytest
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError
from googleapiclient.http import MediaFileUpload

from simulator.running import Handle

CHUNK = 512 * 1024


class Tunnel(http.client.HTTPSConnection):
    """httplib2's own way through a proxy needs PySocks; the standard library can do it alone."""

    def __init__(self, authority: str, *, timeout: float, proxy_info: Any) -> None:
        context, proxy = ssl.create_default_context(cafile=os.environ["SSL_CERT_FILE"]), proxy_info("https")
        super().__init__(proxy.proxy_host, proxy.proxy_port, timeout=timeout, context=context)
        self.set_tunnel(authority, 443)


class TunnelledHttp(httplib2.Http):
    def request(self, uri: str, *args: Any, connection_type: Any = None, **kwargs: Any) -> Any:
        return super().request(uri, *args, connection_type=Tunnel, **kwargs)


@pytest.fixture
def youtube(simulator: Handle, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Google's own client with the imported token, reaching the simulator by HTTPS_PROXY and its CA."""
    for name in ("HTTPS_PROXY", "SSL_CERT_FILE"):
        monkeypatch.setenv(name, simulator.env[name])
    monkeypatch.setattr(httplib2, "RETRIES", 1)
    credentials = Credentials.from_authorized_user_file(str(simulator.state_dir / "youtube-token.json"))
    # After a cut httplib2 repeats a request with a body that was read to its end; only its timeout ends that.
    transport = TunnelledHttp(timeout=3)
    transport.redirect_codes = set(transport.redirect_codes) - {308}
    return build(
        "youtube", "v3", http=google_auth_httplib2.AuthorizedHttp(credentials, http=transport), static_discovery=True
    )


@pytest.fixture
def video_file(tmp_path: Path) -> Path:
    file = tmp_path / "video.mp4"
    file.write_bytes(random.Random(7).randbytes(3 * CHUNK + 12_345))
    return file


def request_for(youtube: Any, file: Path, title: str) -> Any:
    body = {"snippet": {"title": title, "description": "d"}, "status": {"privacyStatus": "private"}}
    media = MediaFileUpload(str(file), mimetype="video/mp4", chunksize=CHUNK, resumable=True)
    return youtube.videos().insert(part="snippet,status", body=body, media_body=media)


def finish(request: Any) -> dict[str, Any]:
    """The product's own retry loop in small: after anything wrong, ask where the session stands."""
    answer = None
    for _ in range(20):
        try:
            _, answer = request.next_chunk()
        except (HttpError, OSError, httplib2.HttpLib2Error) as error:
            if isinstance(error, HttpError) and error.status_code < 500:
                raise
            request._in_error_state = True
        if answer:
            return dict(answer)
    raise AssertionError("the upload does not end")


def stored(simulator: Handle, title: str) -> list[dict[str, Any]]:
    return [v for v in simulator.control.videos() if v["title"] == title]


def sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def test_an_upload_arrives_whole(simulator: Handle, youtube: Any, video_file: Path) -> None:
    answer = finish(request_for(youtube, video_file, "whole"))
    [video] = stored(simulator, "whole")
    assert (video["id"], video["sha256"], video["size"]) == (
        answer["id"],
        sha256(video_file),
        video_file.stat().st_size,
    )
    assert (simulator.state_dir / "youtube" / f"{answer['id']}.mp4").read_bytes() == video_file.read_bytes()
    listed = youtube.videos().list(part="snippet,status", id=answer["id"]).execute()["items"]
    assert (listed[0]["snippet"]["title"], listed[0]["status"]["privacyStatus"]) == ("whole", "private")


def test_a_503_a_reset_and_a_lost_answer_make_one_video(simulator: Handle, youtube: Any, video_file: Path) -> None:
    rules = [{"status": 503, "times": 1}, {"receive": 300_000, "times": 1}, {"lose_answer": True, "times": 1}]
    simulator.control.post("/youtube/faults", chunk=rules)
    answer = finish(request_for(youtube, video_file, "disturbed"))
    [video] = stored(simulator, "disturbed")
    assert (video["id"], video["sha256"]) == (answer["id"], sha256(video_file))
    assert simulator.control.get("/faults").get("youtube/chunk") is None


def test_a_reset_keeps_whole_256_kib(simulator: Handle, youtube: Any, video_file: Path) -> None:
    request = request_for(youtube, video_file, "cut")
    simulator.control.post("/youtube/faults", chunk={"receive": 300_000, "times": 1})
    with pytest.raises((OSError, httplib2.HttpLib2Error)):
        request.next_chunk()
    probe, _ = request.http.request(request.resumable_uri, "PUT", headers={"Content-Range": "bytes */*"})
    assert (probe.status, probe["range"]) == (308, f"bytes=0-{256 * 1024 - 1}")


def test_a_finished_session_answers_with_the_same_video(simulator: Handle, youtube: Any, video_file: Path) -> None:
    request = request_for(youtube, video_file, "again")
    answer = finish(request)
    size = video_file.stat().st_size
    headers = {"Content-Range": f"bytes */{size}", "Content-Length": "0"}
    probe, body = request.http.request(request.resumable_uri, "PUT", headers=headers)
    assert (probe.status, json.loads(body)["id"]) == (200, answer["id"])
    assert len(stored(simulator, "again")) == 1


def test_a_503_within_a_chunk_keeps_what_came_before(simulator: Handle, youtube: Any, video_file: Path) -> None:
    request = request_for(youtube, video_file, "refused within")
    simulator.control.post("/youtube/faults", chunk={"skip": 1, "receive": 300_000, "refuse": 503, "times": 1})
    request.next_chunk()
    with pytest.raises(HttpError) as caught:
        request.next_chunk()
    assert caught.value.status_code == 503
    probe, _ = request.http.request(request.resumable_uri, "PUT", headers={"Content-Range": "bytes */*"})
    assert (probe.status, probe["range"]) == (308, f"bytes=0-{CHUNK + 256 * 1024 - 1}")


@pytest.mark.parametrize("status", [404, 410])
def test_an_ended_session_is_gone(simulator: Handle, youtube: Any, video_file: Path, status: int) -> None:
    request = request_for(youtube, video_file, f"gone {status}")
    request.next_chunk()
    simulator.control.post("/youtube/faults", sessions=status)
    with pytest.raises(HttpError) as caught:
        request.next_chunk()
    assert caught.value.status_code == status


@pytest.mark.parametrize(
    ("status", "reason", "domain"),
    [
        (403, "quotaExceeded", "youtube.quota"),
        (400, "uploadLimitExceeded", "youtube.video"),
        (403, "rateLimitExceeded", "usageLimits"),
    ],
)
def test_limits_are_refused_in_googles_words(
    simulator: Handle, youtube: Any, video_file: Path, status: int, reason: str, domain: str
) -> None:
    simulator.control.post("/youtube/faults", open={"status": status, "reason": reason, "times": 1})
    with pytest.raises(HttpError) as caught:
        finish(request_for(youtube, video_file, "limits"))
    assert caught.value.status_code == status
    assert (caught.value.error_details[0]["reason"], caught.value.error_details[0]["domain"]) == (reason, domain)


def test_chunks_must_be_multiples_of_256_kib(youtube: Any, video_file: Path) -> None:
    request = request_for(youtube, video_file, "odd")
    request.next_chunk()
    headers = {"Content-Range": f"bytes {CHUNK}-{CHUNK + 99_999}/{video_file.stat().st_size}"}
    answer, _ = request.http.request(request.resumable_uri, "PUT", headers=headers, body=b"x" * 100_000)
    assert answer.status == 400


def test_titles_that_youtube_refuses_are_refused(youtube: Any, video_file: Path) -> None:
    with pytest.raises(HttpError) as caught:
        finish(request_for(youtube, video_file, "a <b> title"))
    assert caught.value.error_details[0]["reason"] == "invalidTitle"


def test_an_expired_token_is_renewed_on_the_way(simulator: Handle, youtube: Any) -> None:
    youtube.channels().list(part="snippet", mine=True).execute()
    assert simulator.control.post("/youtube/faults", expire_tokens=True)["tokens_expired"]
    assert youtube.channels().list(part="snippet", mine=True).execute()["items"][0]["id"].startswith("UC")


def test_a_revoked_grant_is_invalid_grant(simulator: Handle, youtube: Any) -> None:
    simulator.control.post("/youtube/faults", token={"status": 400, "reason": "invalid_grant", "times": 1})
    with pytest.raises(google.auth.exceptions.RefreshError, match="invalid_grant"):
        youtube.channels().list(part="snippet", mine=True).execute()

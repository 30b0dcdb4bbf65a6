from __future__ import annotations

import hashlib
import json
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oauth import tokens
from oauth.crypto import seal, unseal
from oauth.models import Token
from oauth.providers import Grant
from simulator.running import Handle
from tests.cast import pia, vod
from vods import youtube
from vods.leasing import LeaseLost
from vods.models import State, Vod
from vods.stopped import Stopped
from vods.upload import upload_vod
from vodtender.http import ErrorKind, ServiceError

pytestmark = pytest.mark.django_db(transaction=True)

CHUNK = 256 * 1024
SIZE = 10 * CHUNK + 12345


class FreeLease:
    """Writes like a lease that nobody contests, and remembers what it wrote."""

    def __init__(self, row: Vod) -> None:
        self.row = row
        self.saved: list[dict[str, Any]] = []

    def save(self, **fields: Any) -> None:
        Vod.objects.filter(pk=self.row.pk).update(**fields)
        self.saved.append(fields)


Upload = Callable[..., str]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    monkeypatch.setattr(youtube, "BACKOFF_MOST_SECONDS", 0.02)
    settings.UPLOAD_CHUNK_BYTES = 2 * CHUNK


@pytest.fixture
def row(simulator: Handle, settings: Any) -> Vod:
    """A downloaded VOD with a file of about 2.6 MB, and a connected account."""
    file = json.loads((simulator.state_dir / "youtube-token.json").read_text())
    tokens.store_token("youtube", Grant("", file["refresh_token"], 0))
    path = Path(settings.MEDIA_DIR) / "pia" / "1.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(random.Random(1).randbytes(SIZE))
    found = vod(State.UPLOADING, channel=pia(), file_path="pia/1.mp4", file_size=SIZE)
    Vod.objects.filter(pk=found.pk).update(title=f"Evening <{found.twitch_id}>")
    found.refresh_from_db()
    return found


@pytest.fixture
def upload(row: Vod) -> Upload:
    def run(stop: threading.Event | None = None, on_progress: Callable[[int, int], None] = lambda *_: None) -> str:
        fresh = Vod.objects.get(pk=row.pk)
        return upload_vod(fresh, lease=FreeLease(fresh), stop=stop or threading.Event(), on_progress=on_progress)

    return run


def published(simulator: Handle, row: Vod, settings: Any, video_id: str) -> dict[str, Any]:
    """The video with that id, having checked that it is the file, and the only video of this VOD."""
    mine = [video for video in simulator.control.videos() if row.twitch_id in video["description"]]
    assert [video["id"] for video in mine] == [video_id]
    content = (Path(settings.MEDIA_DIR) / "pia" / "1.mp4").read_bytes()
    assert mine[0]["sha256"] == hashlib.sha256(content).hexdigest()
    return mine[0]


def chunks(simulator: Handle) -> int:
    return sum(entry["method"] == "PUT" for entry in simulator.control.requests(contains="/upload/"))


def test_the_bytes_arrive_with_title_and_privacy(simulator: Handle, row: Vod, upload: Upload, settings: Any) -> None:
    seen: list[tuple[int, int]] = []
    video = published(simulator, row, settings, upload(on_progress=lambda *at: seen.append(at)))
    assert video["title"] == f"{row.started_at:%Y-%m-%d} Evening {row.twitch_id}"
    assert video["privacy"] == "private"
    assert row.twitch_url in video["description"]
    assert seen[-1] == (SIZE, SIZE)
    assert chunks(simulator) == 6


def test_the_session_is_stored_encrypted_before_the_first_byte(simulator: Handle, row: Vod) -> None:
    class Checked(FreeLease):
        def save(self, **fields: Any) -> None:
            assert chunks(simulator) == 0
            super().save(**fields)

    lease = Checked(row)
    upload_vod(row, lease=lease, stop=threading.Event(), on_progress=lambda *_: None)
    assert len(lease.saved) == 1
    stored = Vod.objects.get(pk=row.pk).upload_session
    assert "upload_id" not in stored
    assert unseal(stored).startswith("https://")


def test_a_lost_lease_ends_it_before_a_byte_is_sent(simulator: Handle, row: Vod) -> None:
    class Lost(FreeLease):
        def save(self, **fields: Any) -> None:
            raise LeaseLost("gone")

    with pytest.raises(LeaseLost):
        upload_vod(row, lease=Lost(row), stop=threading.Event(), on_progress=lambda *_: None)
    assert chunks(simulator) == 0


@pytest.mark.parametrize(
    "fault",
    [
        {"open": {"status": 503, "times": 2}},
        {"chunk": {"status": 503, "times": 3}},
        {"chunk": {"status": 429, "times": 1}},
        {"chunk": {"receive": CHUNK + 1000, "times": 3}},
        {"chunk": {"receive": 10, "times": 2}, "probe": {"status": 500, "times": 2}},
        {"chunk": {"lose_answer": True}},
        {"chunk": {"status": 403, "reason": "rateLimitExceeded", "times": 2}},
        {"open": {"status": 401, "times": 1}},
        {"chunk": {"status": 401, "times": 1}},
    ],
    ids=json.dumps,
)
def test_trouble_on_the_way_is_overcome(
    simulator: Handle, row: Vod, upload: Upload, settings: Any, fault: dict[str, Any]
) -> None:
    simulator.control.post("/youtube/faults", **fault)
    video = published(simulator, row, settings, upload())
    assert video["sessions"] == 1


def test_a_lost_answer_to_the_last_chunk_makes_no_second_video(
    simulator: Handle, row: Vod, upload: Upload, settings: Any
) -> None:
    settings.UPLOAD_CHUNK_BYTES = 16 * CHUNK
    simulator.control.post("/youtube/faults", chunk={"lose_answer": True, "times": 1})
    assert published(simulator, row, settings, upload())["sessions"] == 1


def test_a_stop_keeps_the_session_and_the_next_try_goes_on_there(
    simulator: Handle, row: Vod, upload: Upload, settings: Any
) -> None:
    stop = threading.Event()

    def stop_in_the_middle(sent: int, size: int) -> None:
        if sent >= size / 2:
            stop.set()

    with pytest.raises(Stopped):
        upload(stop, stop_in_the_middle)
    sent_before = chunks(simulator)
    assert sent_before < 6
    first: list[int] = []
    video_id = upload(on_progress=lambda sent, size: first.append(sent))
    assert first[0] >= SIZE / 2
    assert chunks(simulator) - sent_before < 6
    assert published(simulator, row, settings, video_id)["sessions"] == 1


def test_a_finished_session_names_its_video_and_nothing_is_sent(
    simulator: Handle, row: Vod, upload: Upload, settings: Any
) -> None:
    video_id = upload()
    before = chunks(simulator)
    assert upload() == video_id
    assert chunks(simulator) == before + 1  # the probe
    published(simulator, row, settings, video_id)


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_that_is_gone_begins_anew(
    simulator: Handle, row: Vod, upload: Upload, settings: Any, status: int
) -> None:
    stop = threading.Event()
    with pytest.raises(Stopped):
        upload(stop, lambda sent, size: stop.set() if sent else None)
    simulator.control.post("/youtube/faults", sessions=status)
    published(simulator, row, settings, upload())


def test_a_gone_session_whose_video_exists_is_not_uploaded_again(
    simulator: Handle, row: Vod, upload: Upload, monkeypatch: pytest.MonkeyPatch
) -> None:
    Vod.objects.update(upload_session=seal("https://www.googleapis.com/upload/youtube/v3/videos?upload_id=old"))
    monkeypatch.setattr(youtube, "find_video", lambda url, *_: "was-there" if row.twitch_url == url else "")
    assert upload() == "was-there"
    assert chunks(simulator) == 1


def test_a_session_that_no_key_fits_begins_anew(simulator: Handle, row: Vod, upload: Upload, settings: Any) -> None:
    Vod.objects.update(upload_session="sealed with a key that is lost")
    published(simulator, row, settings, upload())


@pytest.mark.parametrize(
    ("fault", "kind", "says"),
    [
        ({"status": 403, "reason": "quotaExceeded"}, ErrorKind.QUOTA, "quota"),
        ({"status": 400, "reason": "uploadLimitExceeded"}, ErrorKind.QUOTA, "limit of uploads"),
        ({"status": 429}, ErrorKind.RATE_LIMITED, "too often"),
        ({"status": 503}, ErrorKind.TRANSIENT, "503"),
        ({"status": 403, "reason": "forbidden"}, ErrorKind.AUTH, "permission to upload"),
        ({"status": 401}, ErrorKind.AUTH, "reconnect"),
        ({"status": 403, "reason": "accessNotConfigured"}, ErrorKind.INVALID, "enable it"),
        ({"status": 400, "reason": "invalidTitle"}, ErrorKind.INVALID, "invalidTitle"),
    ],
)
def test_refusals_have_a_kind_and_a_sentence(
    simulator: Handle, upload: Upload, fault: dict[str, Any], kind: ErrorKind, says: str
) -> None:
    simulator.control.post("/youtube/faults", open=fault)
    with pytest.raises(ServiceError, match=says) as caught:
        upload()
    assert caught.value.kind is kind
    assert not simulator.control.requests(contains="upload_id")


def test_a_refused_account_ends_it_with_its_sentence(simulator: Handle, upload: Upload) -> None:
    Token.objects.update(state=Token.State.RECONNECT, error="Please reconnect.")
    with pytest.raises(ServiceError, match="Please reconnect") as caught:
        upload()
    assert caught.value.kind is ErrorKind.AUTH


def test_a_missing_file_is_said(row: Vod, upload: Upload, settings: Any) -> None:
    (Path(settings.MEDIA_DIR) / "pia" / "1.mp4").unlink()
    with pytest.raises(ServiceError, match="is missing in MEDIA_DIR") as caught:
        upload()
    assert caught.value.kind is ErrorKind.INVALID


def test_no_address_of_a_session_and_no_token_is_logged(
    simulator: Handle, upload: Upload, caplog: pytest.LogCaptureFixture
) -> None:
    simulator.control.post("/youtube/faults", chunk={"receive": CHUNK, "times": 2})
    with caplog.at_level("DEBUG", logger="vods"):
        upload()
    assert "at byte" in caplog.text
    assert "upload_id" not in caplog.text
    assert "ya29" not in caplog.text

"""The same journey against another stand-in for Twitch and YouTube (tests/standin/), by environment alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest

from tests.journey.pictures import packets, sha256
from tests.journey.product import ROOT, Product, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

CHANNEL = "kornblume_jo"
RUNNING, SUB_ONLY, TOO_OLD, HIGHLIGHT = "2588104433", "2588099120", "2581000999", "2586000123"
NEWEST_THREE = {"2587330017", "2585551204", "2583107766"}


class StandIn:
    """The stand-in's process, and what it wrote down."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        command = [sys.executable, "-m", "tests.standin", "--state", str(folder)]
        self.process = subprocess.Popen(command, cwd=ROOT, start_new_session=True)
        until(lambda: (folder / "standin.json").exists() or self.process.poll() is not None, 60, "the stand-in serves")
        self.facts: dict[str, Any] = json.loads((folder / "standin.json").read_text())

    def end(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def turn(self, **knobs: Any) -> None:
        (self.folder / "knobs.json").write_text(json.dumps(knobs))

    def lines(self, name: str) -> list[dict[str, Any]]:
        return [json.loads(line) for line in (self.folder / name).read_text().splitlines()]

    def requests(self, part: str, status: int | str | None = None) -> list[dict[str, Any]]:
        rows = [row for row in self.lines("requests.log") if part in f"{row['method']} {row['host']}{row['path']}"]
        return [row for row in rows if status in {None, row["status"]}]

    def videos(self) -> dict[str, dict[str, Any]]:
        """The uploads by their ids."""
        return {row["id"]: row for row in json.loads((self.folder / "videos.json").read_text())}


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    one = StandIn(tmp_path_factory.mktemp("outside") / "state")
    yield one
    one.end()


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, outside: StandIn) -> Iterator[Product]:
    settings = {
        "DJANGO_SETTINGS_MODULE": "vodtender.settings",  # pytest has its own
        "YOUTUBE_UPLOAD_ENABLED": "1",
        "YOUTUBE_UPLOAD_OWNERSHIP": "self",
        "VOD_PROCESS_INTERVAL": "5s",
        "CHAT_AUTO_POLL_INTERVAL": "2s",
        "SECRET_KEY": "k" * 50,
        "ENCRYPTION_KEY": "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
    }
    one = Product(tmp_path_factory.mktemp("product"), **outside.facts["env"], **settings)
    one.start()
    yield one
    one.end()


def test_bad_token_files_and_unknown_channels_are_refused_in_clear_sentences(
    product: Product, outside: StandIn, tmp_path: Path
) -> None:
    broken, stale = tmp_path / "broken.json", tmp_path / "stale.json"
    broken.write_text('{"refresh_token": "1//0abc')
    stale.write_text(json.dumps({**outside.facts["google_token"], "refresh_token": "1//0withdrawn"}))
    for arguments, sentence in (
        (("importtoken", "youtube", str(broken)), "is not JSON"),
        (("importtoken", "youtube", str(stale)), "Google no longer accepts the connection to the YouTube account"),
        (("addchannel", "nobody_has_this"), "There is no Twitch channel named nobody_has_this"),
        (("discover", "nobody_has_this"), "nobody_has_this is not among the channels"),
    ):
        said = product.command(*arguments, check=False)
        assert said.returncode != 0, arguments
        assert sentence in said.stderr
        assert "Traceback" not in said.stderr
        assert "1//0" not in said.stderr + said.stdout


def test_the_newest_three_finished_vods_are_downloaded_and_published(product: Product, outside: StandIn) -> None:
    said = product.command("importtoken", "youtube", "-", input=json.dumps(outside.facts["google_token"]))
    assert "is connected" in said.stdout
    until(lambda: len(in_state(product, "done")) >= 3, 180, "three VODs are done", product.story)
    vods = product.vods()
    states = {twitch_id: row["state"] for twitch_id, row in vods.items()}
    assert states == {**dict.fromkeys(NEWEST_THREE, "done"), TOO_OLD: "ignored", RUNNING: "queued"}
    videos = outside.videos()
    assert len(videos) == 3
    for twitch_id in NEWEST_THREE:
        assert_exact(vods[twitch_id], outside)
        assert_published(vods[twitch_id], outside)
    assert outside.requests(".m3u8", 200)
    assert not outside.requests(f"{RUNNING}.m3u8"), "the broadcast still runs"


def test_uploads_met_a_broken_connection_and_a_503(outside: StandIn) -> None:
    uploads = "PUT www.googleapis.com/upload/"
    assert len(outside.requests(uploads, "dropped")) == 1
    assert len(outside.requests(uploads, 503)) == 1
    assert len(outside.requests(uploads, 200)) == 3
    assert len(outside.requests("POST youtube.googleapis.com/", 200)) == 3, "one session for each video"


def test_the_app_token_is_renewed_when_it_ends_or_is_withdrawn(outside: StandIn, product: Product) -> None:
    assert len(outside.requests("id.twitch.tv/oauth2/token", 200)) >= 3
    until(lambda: outside.requests("api.twitch.tv/helix/", 401), 60, "a withdrawn one is used", product.story)
    assert len(outside.requests("after=", 200)) >= 1, "the second page was asked for"


def test_every_message_is_stored_or_lies_in_a_gap(product: Product, outside: StandIn) -> None:
    outside.turn(broadcast_over=True, rate=40_000)

    until(lambda: recording(product)["ended_at"], 30, "the recording ends with the broadcast", product.story)
    facts = recording(product)
    assert facts["channel"] == CHANNEL
    start, end = _ms(facts["started_at"]), _ms(facts["ended_at"])
    sent = [row for row in outside.lines("chat.log") if start <= row["ts"] <= end]
    assert len(sent) > 50
    until(
        lambda: {row["id"] for row in sent if row["heard"]} <= _stored(product),
        5,
        "what was heard is stored",
        product.story,
    )
    gaps = [(_ms(gap["started_at"]), _ms(gap["ended_at"])) for gap in facts["gaps"]]
    unheard = [row["ts"] for row in sent if not row["heard"]]
    assert [moment for moment in unheard if not any(low <= moment <= high for low, high in gaps)] == []
    assert len(gaps) == 2, "before the first JOIN, and when the server asked to connect again"
    assert recording(product)["messages"] == len(sent) - len(unheard)


def test_kill_9_in_mid_download_leaves_an_exact_file_and_one_upload(product: Product, outside: StandIn) -> None:
    said = product.command("discover")
    assert CHANNEL in said.stdout

    part = product.data_dir / "media" / ".work" / RUNNING / f"{RUNNING}.part"
    until(lambda: part.exists() and part.stat().st_size > 1_000_000, 60, "two segments are on the disk", product.story)
    product.kill_everything()
    until(lambda: not product.living(), 5, "nothing is left", product.story)
    assert part.exists()
    assert len(outside.videos()) == 3
    outside.turn(broadcast_over=True)
    product.start()
    until(lambda: product.is_in_state(RUNNING, "done"), 90, "it is done", product.story)
    row = product.vods()[RUNNING]
    assert_exact(row, outside)
    assert_published(row, outside)
    assert len(outside.videos()) == 4
    first = [row for row in outside.requests("/0.ts", 200) if _is_of(row, RUNNING, outside)]
    assert len(first) == 1, "what was on the disk is not fetched again"


def test_a_vod_for_subscribers_is_skipped_with_a_sentence(product: Product) -> None:
    until(lambda: in_state(product, "skipped") == [SUB_ONLY], 60, "it is found out", product.story)
    assert "subscribers" in product.vods()[SUB_ONLY]["error"]


def test_the_chat_is_tied_to_the_vod_of_its_broadcast(product: Product) -> None:
    product.command("shell", "-c", "from chat.tasks import reconcile_recordings as tie; tie()")  # not in a minute: now
    assert recording(product)["vods"] == [RUNNING]
    assert product.vods()[RUNNING]["chat_messages"] == recording(product)["messages"]


def test_ctrl_c_ends_everything_and_nothing_strange_was_asked(product: Product, outside: StandIn) -> None:
    assert product.interrupt() < 30
    assert product.process is not None
    assert product.process.returncode == 0
    assert outside.lines("unexpected.log") == []
    said = product.log()
    assert "Traceback" not in said
    token = outside.facts["google_token"]
    for secret in (token["refresh_token"], token["client_secret"], product.env["TWITCH_CLIENT_SECRET"], "ya29."):
        assert secret not in said


def in_state(product: Product, state: str) -> list[str]:
    return [twitch_id for twitch_id, row in product.peek().items() if row["state"] == state]


def recording(product: Product) -> dict[str, Any]:
    [row] = json.loads(product.command("recordings", "--json").stdout)
    return dict(row)


def assert_exact(row: dict[str, Any], outside: StandIn) -> None:
    """The file decodes to the very pictures of the segments, in order, and no stream has a gap."""
    path, folder = Path(row["path"]), outside.folder / "media" / row["twitch_id"]
    assert path.stat().st_size == row["size"]
    master = next(
        r["path"] for r in outside.requests("chunked/index-dvr.m3u8", 200) if _is_of(r, row["twitch_id"], outside)
    )
    pieces = sorted(folder.glob("*.ts"), key=lambda piece: int(piece.name.split(".")[0].split("-")[0]))
    asked = {Path(r["path"]).name for r in outside.requests(master.removesuffix("index-dvr.m3u8"), 200)}
    pieces = [piece for piece in pieces if piece.name in asked]
    assert pieces
    assert _frames(str(path)) == _frames("concat:" + "|".join(str(piece) for piece in pieces))
    assert row["twitch_id"] == RUNNING or len(pieces) == len(list(folder.glob("*.ts")))
    for times in packets(path).values():
        assert max(later - earlier for earlier, later in pairwise(times)) < 0.1


def _is_of(request: dict[str, Any], twitch_id: str, outside: StandIn) -> bool:
    began = datetime.fromisoformat(outside.facts["vods"][twitch_id]["created_at"])
    return f"_{int(began.timestamp())}/" in request["path"]


def assert_published(row: dict[str, Any], outside: StandIn) -> None:
    vod, video = outside.facts["vods"][row["twitch_id"]], outside.videos()[row["youtube_id"]]
    assert video["sha256"] == sha256(Path(row["path"]))
    assert video["size"] == row["size"]
    title = f"{vod['created_at'][:10]} {vod['title']}".replace("<", "").replace(">", "")
    assert video["title"] == (title if len(title) <= 100 else title[:97] + "...")
    assert f"https://www.twitch.tv/videos/{row['twitch_id']}" in video["description"]
    assert CHANNEL in video["description"].lower()
    assert video["privacyStatus"] == "private"
    published = [one for one in outside.videos().values() if one["title"] == video["title"]]
    assert len(published) == 1


def _frames(source: str) -> list[str]:
    """A checksum of each decoded picture."""
    program = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", source, "-map", "0:v", "-fps_mode", "passthrough"]
    listing = subprocess.run([*program, "-f", "framemd5", "-"], capture_output=True, text=True, check=True).stdout
    return [line.rpartition(",")[2].strip() for line in listing.splitlines() if not line.startswith("#")]


def _stored(product: Product) -> set[str]:
    return {row["message_id"] for row in product.database.query("SELECT message_id FROM chat_message")}


def _ms(when: str) -> float:
    return datetime.fromisoformat(when).timestamp() * 1000

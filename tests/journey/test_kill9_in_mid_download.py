"""kill -9 of everything in mid-download: the file is exact, no segment is fetched twice, one video is published."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from simulator.running import Handle, running
from tests.journey.pictures import assert_complete, sha256
from tests.journey.product import Product, until

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

CHANNEL = "quiet_quinn"
SECONDS = 40


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Handle]:
    with running(tmp_path / "world", "--broadcast-seconds", "0", "--media-on-demand") as handle:
        yield handle


@pytest.fixture
def product(tmp_path: Path, world: Handle) -> Iterator[Product]:
    """Pointed at a world that is not its child, by environment alone."""
    outside = {**world.env, "TWITCH_CHANNEL": CHANNEL, "NO_PROXY": "", "no_proxy": ""}
    uploads = {"YOUTUBE_UPLOAD_ENABLED": "1", "YOUTUBE_UPLOAD_OWNERSHIP": "self"}
    one = Product(tmp_path, **outside, **uploads, VOD_PROCESS_INTERVAL="2s", CANCEL_POLL="1s", **keys())
    yield one
    one.end()


def keys() -> dict[str, str]:
    return {"SECRET_KEY": "s" * 50, "ENCRYPTION_KEY": "c2l4dGVlbiBieXRlcyB0aW1lcyB0d28gPSBsb25nISE="}


def test_the_file_is_exact_and_published_once(product: Product, world: Handle) -> None:
    twitch_id = world.control.post("/vods", channel=CHANNEL, seconds=SECONDS, kbps=2000)["id"]
    world.control.post(f"/vods/{twitch_id}/faults", rate=40_000)  # bytes/s per connection: it takes a while
    product.start()
    product.command("importtoken", "youtube", str(world.state_dir / "youtube-token.json"))

    def half_way() -> Any:
        row = product.peek().get(twitch_id)
        return row and row["state"] == "downloading" and row["bytes_done"] > 2_000_000

    until(half_way, 90, "the download is under way", product.story)
    product.kill_everything()
    until(lambda: not product.living(), 5, "nothing is left")
    part = product.data_dir / "media" / ".work" / twitch_id
    assert list(part.glob("*.part*")), "a partial file was kept"
    world.control.delete(f"/vods/{twitch_id}/faults")
    before = len(segments_asked(world, twitch_id))
    assert before >= 5
    product.start()
    until(lambda: product.is_in_state(twitch_id, "done"), 90, "it is done", product.story)

    row = product.vods()[twitch_id]
    assert_complete(Path(row["path"]), SECONDS)
    [video] = world.control.videos()
    assert video["sha256"] == sha256(Path(row["path"]))
    assert video["id"] == row["youtube_id"]
    assert not part.exists()
    served = [path for path, status in segments_asked(world, twitch_id) if status == 200]
    in_flight = 16  # the window that was under way when everything was killed
    assert len(served) - len(set(served)) <= in_flight


@pytest.mark.faults
def test_when_up_alone_is_killed_everything_below_it_ends_within_five_seconds(product: Product, world: Handle) -> None:
    twitch_id = world.control.post("/vods", channel=CHANNEL, seconds=SECONDS, kbps=2000)["id"]
    world.control.post(f"/vods/{twitch_id}/faults", rate=40_000)
    product.start()
    until(lambda: product.peek().get(twitch_id, {}).get("bytes_done"), 90, "the download is under way", product.story)
    assert product.process is not None
    product.process.kill()
    product.process.wait(5)
    until(lambda: not product.living(), 5, "nothing is left")
    product.start()  # at once, on the same port
    until(
        lambda: product.is_in_state(twitch_id, "downloading"),
        30,
        "it goes on without waiting for the lease",
        product.story,
    )


def segments_asked(world: Handle, twitch_id: str) -> list[tuple[str, int]]:
    rows = world.control.requests(contains=".ts")
    return [(row["path"], row["status"]) for row in rows]

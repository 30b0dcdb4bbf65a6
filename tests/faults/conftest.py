"""One world and one product for a module; each test takes a VOD of its own through its fault."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator.running import Handle, running
from tests.faults.scene import Scene
from tests.journey.product import Product

QUICK = {
    "VOD_PROCESS_INTERVAL": "2s",
    "CANCEL_POLL": "1s",
    "LEASE_SECONDS": "8s",
    "LEASE_HEARTBEAT": "1s",
    "LEASE_GIVE_UP": "5s",
    "DOWNLOAD_BACKOFF_BASE": "1s",
    "UPLOAD_BACKOFF_BASE": "1s",
    "PROCESSING_RETRY_COOLDOWN": "5s",
    "CIRCUIT_FAILURE_THRESHOLD": "50",
    "WATCHDOG_SECONDS": "5s",
    "ARCHIVE_BACKLOG": "all",
    "YOUTUBE_UPLOAD_ENABLED": "1",
    "YOUTUBE_UPLOAD_OWNERSHIP": "self",
    "UPLOAD_DAILY_LIMIT": "0",
    "BACKFILL_UPLOAD_DAILY_LIMIT": "0",
    "SECRET_KEY": "s" * 50,
    "ENCRYPTION_KEY": "c2l4dGVlbiBieXRlcyB0aW1lcyB0d28gPSBsb25nISE=",
}


# `make test-faults-long`: the product's own lease and timeouts, in real time.
if os.environ.get("REAL_TIME"):
    for name in ("CANCEL_POLL", "LEASE_SECONDS", "LEASE_HEARTBEAT", "LEASE_GIVE_UP", "WATCHDOG_SECONDS"):
        del QUICK[name]


@pytest.fixture(scope="session")
def media_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("media")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, media_dir: Path) -> Iterator[Handle]:
    with running(
        tmp_path_factory.mktemp("world"), "--media-dir", str(media_dir), "--broadcast-seconds", "0", "--media-on-demand"
    ) as handle:
        yield handle


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, world: Handle) -> Iterator[Product]:
    outside = {**world.env, "TWITCH_CHANNEL": "quiet_quinn", "NO_PROXY": "", "no_proxy": ""}
    one = Product(tmp_path_factory.mktemp("product"), **{**outside, **QUICK})
    one.start()
    one.command("importtoken", "youtube", str(world.state_dir / "youtube-token.json"))
    yield one
    one.end()


@pytest.fixture
def scene(world: Handle, product: Product) -> Iterator[Scene]:
    yield Scene(world, product)
    world.control.delete("/faults")

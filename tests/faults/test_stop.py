"""A stop in mid-download gives the VOD back, in time and uncharged; the next start goes on."""

from __future__ import annotations

import signal
import time

import pytest

from tests.faults.scene import Scene
from tests.journey.product import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_sigterm_in_mid_download(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    process = scene.product.process
    assert process is not None
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    process.wait(35)
    until(lambda: not scene.product.living(), 5, "every process ends")
    assert time.monotonic() - began < 30
    row = scene.row(vod)
    assert (row["state"], row["attempts"], row["lease_owner"]) == ("queued", 0, "")
    assert scene.outcomes(vod) == ["drained"]
    part = scene.product.data_dir / "media" / ".work" / vod / f"{vod}.part"
    assert part.stat().st_size >= 500_000
    scene.at_full_speed(vod)
    scene.product.start()
    scene.assert_exact(vod)
    assert scene.outcomes(vod) == ["drained", "succeeded"]

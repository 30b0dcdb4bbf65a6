"""Cancel stops a VOD wherever it runs, in at most ten seconds, and for good."""

from __future__ import annotations

import time

import pytest

from tests.faults.scene import Scene
from tests.journey.product import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.mark.parametrize("keep", [False, True])
def test_in_mid_download(scene: Scene, keep: bool) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    scene.product.command("cancelvod", vod, *(["--keep-partial"] if keep else []))
    began = time.monotonic()
    scene.until_state(vod, "canceled", within=10)
    assert time.monotonic() - began < 10
    work = scene.product.data_dir / "media" / ".work" / vod
    until(lambda: work.exists() == keep, 5, "the partial file is removed or kept as asked")
    assert scene.outcomes(vod) == ["canceled"]
    passes = scene.product.database.query("SELECT value FROM telemetry_series WHERE name = 'vod_processing_cycles'")

    def later() -> bool:
        now = scene.product.database.query("SELECT value FROM telemetry_series WHERE name = 'vod_processing_cycles'")
        return bool(now[0]["value"] >= passes[0]["value"] + 2)

    until(later, 30, "two more passes")
    assert scene.row(vod)["state"] == "canceled"
    scene.at_full_speed(vod)
    scene.product.command("requeue", vod)
    scene.assert_exact(vod)


def test_in_mid_upload(scene: Scene) -> None:
    scene.world.control.post("/youtube/faults", chunk={"latency": 30})
    vod = scene.new_vod()
    scene.until_state(vod, "uploading")
    scene.product.command("cancelvod", vod)
    scene.until_state(vod, "canceled", within=10)
    scene.world.control.delete("/faults")
    scene.product.command("requeue", vod)
    scene.assert_exact(vod)

"""The disk of MEDIA_DIR goes away in mid-download, as a network mount does: nothing is lost, and nothing concluded."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.journey.product import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(400)]


def condition(scene: Scene) -> str:
    with urllib.request.urlopen(f"http://{scene.product.address}/status", timeout=10) as answer:
        return str(json.load(answer)["media_dir"])


def all_below(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file()]


def test_a_disk_that_is_unmounted_in_mid_download(scene: Scene) -> None:
    kept = scene.new_vod()
    scene.until_state(kept, "done")
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    media = scene.product.data_dir / "media"
    media.rename(media.with_name("away"))
    media.mkdir()  # the mount point without its disk
    until(lambda: condition(scene) == "missing", 30, "/status says it", scene.product.story)
    scene.at_full_speed(vod)
    until(lambda: scene.row(vod)["error_kind"] == "disk_full", 60, "the VOD waits", scene.product.story)
    assert "Is its disk mounted?" in scene.row(vod)["error"]
    assert "Nothing is concluded about files." in scene.product.command("reconcile").stdout
    assert all_below(media) == []
    media.rename(media.with_name("mount-point"))
    media.with_name("away").rename(media)
    # It looks each minute; the test does not wait for that.
    scene.product.database.query("UPDATE vods_vod SET not_before = '2026-01-01 00:00:00' WHERE twitch_id = ?", vod)
    scene.assert_exact(vod)
    scene.assert_exact(kept)
    until(lambda: condition(scene) == "ok", 30, "/status is calm again", scene.product.story)
    assert scene.row(kept)["file_missing_at"] is None
    assert scene.product.command("reconcile").stdout == "Nothing was left behind.\n"

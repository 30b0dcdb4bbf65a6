"""What Twitch's servers do to a download."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


def test_a_missing_segment_needs_a_person_and_then_is_a_gap(scene: Scene) -> None:
    vod = scene.new_vod(segments={"4": 404})
    row = scene.until_state(vod, "needs_attention")
    assert row["error_kind"] == "missing_segment"
    scene.product.command("requeue", "--accept-gap", vod)
    row = scene.until_state(vod, "done")
    assert row["gaps"] not in ("[]", [])


@pytest.mark.parametrize(
    "faults",
    [
        {"segments": {"2": {"status": 503, "times": 2}, "5": {"status": 500, "times": 1}}},
        {"segments": {"3": {"status": 429, "retry_after": 1, "times": 2}}},
        {"segments": {"4": {"truncate": 1000, "times": 2}}},
        {"segments": {"6": {"reset_after": 5000, "times": 2}}},
        {"usher": {"status": 503, "times": 1}},
        {"gql": {"status": 503, "times": 1}},
    ],
    ids=["5xx", "429", "truncated", "reset", "usher", "gql"],
)
def test_what_passes_is_tried_again(scene: Scene, faults: dict[str, object]) -> None:
    vod = scene.new_vod(**faults)
    scene.assert_exact(vod)


def test_restricted_and_gone_are_skipped(scene: Scene) -> None:
    restricted, gone = scene.new_vod(sub_only=True), scene.new_vod(deleted=True)
    assert scene.until_state(restricted, "skipped")["error_kind"] == "restricted"
    if scene.product.database.query(f"SELECT 1 FROM vods_vod WHERE twitch_id = '{gone}'"):
        assert scene.until_state(gone, "skipped")["error_kind"] == "gone"


def test_a_hostile_title_goes_no_further_than_the_title(scene: Scene) -> None:
    hostile = "../../$(touch /tmp/vod-tender-was-here) `id` %(id)s <script>alert(1)</script> -exec\u202e"
    vod = scene.new_vod(title=hostile)
    path = scene.assert_exact(vod)
    assert path.name == f"{vod}.mp4"
    [video] = [video for video in scene.world.control.videos() if vod in video["description"]]
    assert "<" not in video["title"]

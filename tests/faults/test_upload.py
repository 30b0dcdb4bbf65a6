"""What YouTube does to an upload: one session, one video, the same bytes."""

from __future__ import annotations

import pytest

from tests.faults.scene import Scene
from tests.journey.product import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(300)]


@pytest.mark.parametrize(
    "faults",
    [
        {"chunk": {"status": 503, "times": 2}},
        {"chunk": {"receive": 300_000, "times": 1}},
        {"chunk": {"lose_answer": True, "times": 1}},
        {"open": {"status": 503, "times": 1}},
        {"expire_tokens": True},
    ],
    ids=["503", "reset in a chunk", "the final 200 is lost", "503 at the opening", "token expired"],
)
def test_what_passes_is_tried_again(scene: Scene, faults: dict[str, object]) -> None:
    scene.world.control.post("/youtube/faults", **faults)
    scene.assert_exact(scene.new_vod())


def test_kill_9_in_mid_upload_goes_on_with_the_same_session(scene: Scene) -> None:
    scene.world.control.post("/youtube/faults", chunk={"latency": 20, "times": 1})
    vod = scene.new_vod()
    until(lambda: scene.row(vod)["state"] == "uploading" and scene.row(vod)["upload_session"], 60, "a session is kept")
    scene.busy_process(vod).kill()
    scene.world.control.delete("/faults")
    scene.assert_exact(vod)
    [video] = [video for video in scene.world.control.videos() if vod in video["description"]]
    assert video["sessions"] == 1


@pytest.mark.parametrize("status", [404, 410])
def test_a_session_that_ended_at_youtube_is_begun_anew(scene: Scene, status: int) -> None:
    scene.world.control.post("/youtube/faults", chunk={"latency": 20, "times": 1})
    vod = scene.new_vod()
    until(lambda: scene.row(vod)["state"] == "uploading" and scene.row(vod)["upload_session"], 60, "a session is kept")
    scene.busy_process(vod).kill()
    scene.world.control.post("/youtube/faults", sessions=status)
    scene.world.control.delete("/faults")
    scene.assert_exact(vod)


def test_a_used_up_quota_waits_for_the_next_quota_day(scene: Scene) -> None:
    scene.world.control.post("/youtube/faults", open={"status": 403, "reason": "quotaExceeded"})
    vod = scene.new_vod()
    row = scene.until_state(vod, "failed")
    assert (row["error_kind"], row["attempts"]) == ("quota", 0)
    scene.world.control.delete("/faults")
    scene.product.command("requeue", vod)
    scene.assert_exact(vod)

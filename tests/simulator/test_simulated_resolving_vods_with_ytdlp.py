from __future__ import annotations

from simulator_clients import resolve

from simulator.running import Handle
from simulator.seed import NASTY_TITLE, SUB_ONLY, vod_id_of_demo


def test_a_good_vod_has_formats_chapters_and_duration(simulator: Handle) -> None:
    info = resolve(simulator, vod_id_of_demo(1))
    assert (info["id"], info["duration"], info["uploader_id"]) == (f"v{vod_id_of_demo(1)}", 30, "pixel_pia")
    assert [(c["title"], c["start_time"], c["end_time"]) for c in info["chapters"]] == [
        ("Stardew Valley", 0, 14),
        ("Celeste", 14, 30),
    ]
    sizes = {f["format_id"]: (f.get("width"), f.get("height")) for f in info["formats"]}
    assert sizes["360p30"] == (640, 360)
    assert sizes["160p"] == (284, 160)
    assert {"Audio_Only", "sb0", "sb1"} <= sizes.keys()
    assert info["live_status"] == "was_live"


def test_a_nasty_title_comes_through_unchanged(simulator: Handle) -> None:
    assert resolve(simulator, vod_id_of_demo(2))["title"] == NASTY_TITLE


def test_a_broadcast_that_still_runs_is_live(simulator: Handle) -> None:
    live = simulator.control.get("/state")["broadcasts"]["live"]["pixel_pia"]
    info = resolve(simulator, live["vod_id"])
    assert info["live_status"] == "is_live"


def test_a_deleted_vod_does_not_exist(simulator: Handle, new_vod: str) -> None:
    simulator.control.post(f"/vods/{new_vod}/faults", deleted=True)
    assert f"Video {new_vod} does not exist" in resolve(simulator, new_vod)["error"]


def test_an_unknown_vod_does_not_exist(simulator: Handle) -> None:
    assert "Video 999 does not exist" in resolve(simulator, "999")["error"]


def test_a_subscriber_only_vod_is_refused_with_403(simulator: Handle) -> None:
    answer = resolve(simulator, vod_id_of_demo(SUB_ONLY))
    assert "access to this subscriber-only content" in answer["error"]
    logged = simulator.control.requests(host="usher.ttvnw.net", contains=vod_id_of_demo(SUB_ONLY))
    assert logged[-1]["status"] == 403


def test_another_refusal_by_usher_is_told_by_its_code(simulator: Handle, new_vod: str) -> None:
    simulator.control.post(f"/vods/{new_vod}/faults", usher={"status": 403, "reason": "geoblock_restricted"})
    assert "geoblock_restricted" in resolve(simulator, new_vod)["error"]

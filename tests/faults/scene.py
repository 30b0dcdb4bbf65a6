"""A product at work in a world that misbehaves."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from simulator.running import Handle
from tests.journey.pictures import assert_complete, sha256
from tests.journey.product import Product, until

CHANNEL = "quiet_quinn"
SECONDS = 24
PATIENCE = 400.0 if os.environ.get("REAL_TIME") else 90.0  # seconds
SLOW = 60_000  # bytes/s per connection: the download takes about ten seconds


@dataclass
class Scene:
    world: Handle
    product: Product

    def new_vod(self, *, slow: bool = False, seconds: int = SECONDS, **faults: Any) -> str:
        """A VOD that Twitch has and the product knows; its id."""
        media = f"of-the-fault-tests-{seconds}"
        vod = self.world.control.post("/vods", channel=CHANNEL, seconds=seconds, kbps=2000, media=media)
        twitch_id = str(vod["id"])
        if slow or faults:
            self.world.control.post(f"/vods/{twitch_id}/faults", **({"rate": SLOW} if slow else {}), **faults)
        self.product.command("discover", CHANNEL)
        return twitch_id

    def row(self, twitch_id: str) -> dict[str, Any]:
        sql = "SELECT * FROM vods_vod WHERE twitch_id = " + f"'{int(twitch_id)}'"
        [row] = self.product.database.query(sql)
        return row

    def attempts(self, twitch_id: str) -> list[dict[str, Any]]:
        sql = f"SELECT * FROM vods_attempt WHERE vod_id = {self.row(twitch_id)['id']} ORDER BY id"
        return self.product.database.query(sql)

    def outcomes(self, twitch_id: str, step: str = "download") -> list[str]:
        return [row["outcome"] for row in self.attempts(twitch_id) if row["step"] == step]

    def until_state(self, twitch_id: str, *states: str, within: float = PATIENCE) -> dict[str, Any]:
        what = f"VOD {twitch_id} is {' or '.join(states)}"
        until(lambda: self.row(twitch_id)["state"] in states, within, what, self.product.story)
        return self.row(twitch_id)

    def until_under_way(self, twitch_id: str, least: int = 500_000) -> None:
        def under_way() -> bool:
            row = self.row(twitch_id)
            return row["state"] == "downloading" and row["bytes_done"] >= least

        until(under_way, 60, f"the download of {twitch_id} is under way", self.product.story)

    def at_full_speed(self, twitch_id: str) -> None:
        self.world.control.delete(f"/vods/{twitch_id}/faults")

    def busy_process(self, twitch_id: str) -> psutil.Process:
        """The process that holds the VOD's lease."""
        return psutil.Process(int(self.row(twitch_id)["lease_owner"].split("|")[2]))

    def processes(self, *words: str) -> list[psutil.Process]:
        return [p for p in self.product.living() if all(word in p.cmdline() for word in words)]

    def assert_exact(self, twitch_id: str) -> Path:
        """The file is complete, no partial file is left, and it is on YouTube exactly once, byte by byte."""
        row = self.until_state(twitch_id, "done")
        path = self.product.data_dir / "media" / row["file_path"]
        assert_complete(path, row["duration"])
        assert sha256(path) == row["file_sha256"]
        videos = [video for video in self.world.control.videos() if twitch_id in video["description"]]
        assert [video["id"] for video in videos] == [row["youtube_id"]]
        assert videos[0]["sha256"] == row["file_sha256"]
        assert not os.path.exists(self.product.data_dir / "media" / ".work" / twitch_id)
        assert all(attempt["ended_at"] for attempt in self.attempts(twitch_id))
        return path

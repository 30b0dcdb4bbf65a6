"""`make test-kill9 N=20`: kill -9 of everything at a random moment of a download, N times.

Each time the file is exact and published once, and no segment that the journal had is fetched again.
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.faults.scene import Scene
from tests.journey.product import until
from vods import journal

N = int(os.environ.get("N") or 2)
SEED = int(os.environ.get("SEED") or 0) or random.SystemRandom().randrange(10**6)

pytestmark = [pytest.mark.faults, pytest.mark.timeout(120 + 120 * N)]


def journalled(work: Path) -> set[str]:
    """Names of the segments that a restart must not fetch again."""
    [path] = work.glob("*.journal*")
    contents = journal.read(path)
    return {entry.name for entry in contents.entries} if contents else set()


def fetched(scene: Scene) -> list[str]:
    rows = scene.world.control.requests(contains=".ts")
    return [row["path"].rpartition("/")[2].partition("?")[0] for row in rows if row["status"] == 200]


def test_every_file_is_exact_and_nothing_is_fetched_twice(scene: Scene, capfd: pytest.CaptureFixture[str]) -> None:
    chance = random.Random(SEED)
    for number in range(1, N + 1):
        vod = scene.new_vod(seconds=90, rate=200_000)
        scene.until_under_way(vod, least=1)
        moment = chance.randrange(500_000, 20_000_000)
        work = scene.product.data_dir / "media" / ".work" / vod

        def far_enough(vod: str = vod, work: Path = work, moment: int = moment) -> bool:
            part = work / f"{vod}.part"
            return not part.exists() or part.stat().st_size >= moment

        until(far_enough, 60, f"{moment} bytes of {vod}")
        scene.product.kill_everything()
        had = journalled(work) if (work / f"{vod}.part").exists() else set()
        scene.world.control.delete("/requests")
        scene.at_full_speed(vod)
        scene.product.start()
        scene.assert_exact(vod)
        assert not had & set(fetched(scene)), f"fetched again; SEED={SEED} repeats it"
        with capfd.disabled():
            sys.stdout.write(
                f"{number} of {N}: killed at {moment:,} bytes, {len(had)} segments in the journal; exact\n"
            )

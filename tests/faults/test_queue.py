"""Claims under load, and tasks that come twice."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.databases import Database
from tests.faults.scene import Scene

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parents[2]
CLAIM = """
import django; django.setup()
from vods import leasing
from vods.models import Channel
while (lease := leasing.claim(leasing.Stage.DOWNLOAD, limit=10_000, channels=[Channel.objects.get().pk])):
    print(lease.vod.twitch_id)
"""
SEED = """
import django; django.setup()
from tests import cast
for _ in range(600): cast.vod()
"""


def test_sixteen_claimers_over_six_hundred_vods_never_double(tmp_path: Path) -> None:
    database = Database.empty(tmp_path)
    environment = {
        **os.environ,
        "DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "vodtender.settings",
        **database.environment,
    }
    for words in (["manage.py", "migrate", "-v0"], ["-c", SEED]):
        subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)
    claimers = [
        subprocess.Popen([sys.executable, "-c", CLAIM], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(16)
    ]
    taken = Counter(line for claimer in claimers for line in claimer.communicate()[0].split())
    assert all(claimer.returncode == 0 for claimer in claimers)
    assert len(taken) == 600
    assert set(taken.values()) == {1}
    database.drop()


def test_a_task_that_is_delivered_twice_does_no_harm(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    twice = (
        "from django_q.tasks import async_task\n"
        "for _ in range(4): async_task('vods.tasks.process_once', 'download', cluster='media')"
    )
    scene.product.command("shell", "-c", twice)
    scene.at_full_speed(vod)
    scene.assert_exact(vod)
    assert scene.outcomes(vod) == ["succeeded"]
    assert scene.outcomes(vod, "upload") == ["succeeded"]

"""Many processes claim at once: nobody gets what another has."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.databases import Database

ROOT = Path(__file__).resolve().parents[3]
VODS = 80
CLAIMER = """
import django; django.setup()
from vods import leasing
from vods.models import Channel
while (lease := leasing.claim(leasing.Stage.DOWNLOAD, limit=10_000, channels=[Channel.objects.get().pk])):
    print(lease.vod.twitch_id)
"""
SEED = f"""
import django; django.setup()
from tests import cast
for _ in range({VODS}): cast.vod()
"""


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    one = Database.empty(tmp_path)
    yield one
    one.drop()


@pytest.mark.timeout(120)
def test_every_vod_goes_to_exactly_one(tmp_path: Path, database: Database) -> None:
    settings = {"DATA_DIR": str(tmp_path), "DJANGO_SETTINGS_MODULE": "vodtender.settings"}
    environment = {**os.environ, **settings, **database.environment}
    for words in (["manage.py", "migrate", "-v0"], ["-c", SEED]):
        subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True)
    claimers = [
        subprocess.Popen([sys.executable, "-c", CLAIMER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    taken = Counter(line for claimer in claimers for line in claimer.communicate()[0].split())
    assert len(taken) == VODS
    assert set(taken.values()) == {1}
    assert all(claimer.returncode == 0 for claimer in claimers)

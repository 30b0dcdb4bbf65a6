"""What an operator wants to know beyond the guide: a queue that stands still, space, VODs that are about to be lost."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils.timezone import now
from django_q.models import OrmQ, Task

from tests import cast
from tests.telemetry.scraping import labelled, single
from vods.models import Channel, Circuit, State, Vod

pytestmark = pytest.mark.django_db
DAY = 86400


def test_a_channel_has_its_own_queue_and_circuit(client: Client) -> None:
    cast.pia(circuit_state=Circuit.HALF_OPEN)
    mia = Channel.objects.create(login="mia")
    cast.vod(), cast.vod(State.FAILED), cast.vod(State.DONE), cast.vod(channel=mia, live=True)
    assert labelled(client, "vod_channel_queue_depth") == {"pia": 2, "mia": 0}
    assert labelled(client, "vod_channel_circuit_breaker_state") == {"pia": 1, "mia": 0}


def test_the_oldest_queued_vod_has_an_age(client: Client) -> None:
    assert single(client, "vod_oldest_queued_age_seconds") == 0
    cast.vod(state_changed_at=now() - timedelta(hours=2))
    cast.vod(state_changed_at=now() - timedelta(hours=1))
    cast.vod(State.DONE, state_changed_at=now() - timedelta(days=9))
    cast.vod(live=True, state_changed_at=now() - timedelta(days=9))
    assert single(client, "vod_oldest_queued_age_seconds") == pytest.approx(7200, abs=120)


def test_a_queued_vod_that_never_changed_its_state_is_as_old_as_its_row(client: Client) -> None:
    cast.vod()
    Vod.objects.update(created_at=now() - timedelta(hours=3))
    assert single(client, "vod_oldest_queued_age_seconds") == pytest.approx(10800, abs=120)


def test_the_first_vod_that_we_lack_expires_soonest(client: Client, settings: Any) -> None:
    settings.TWITCH_VOD_LIFETIME_DAYS = 14
    assert single(client, "vod_soonest_expiry_seconds") == pytest.approx(14 * DAY, abs=120)  # nothing is lacking
    cast.vod(started_at=now() - timedelta(days=5))
    cast.vod(State.NEEDS_ATTENTION, started_at=now() - timedelta(days=11))
    assert single(client, "vod_soonest_expiry_seconds") == pytest.approx(3 * DAY, abs=120)


@pytest.mark.parametrize(
    "fields",
    [
        {"state": State.DONE},
        {"state": State.IGNORED},
        {"state": State.FAILED, "step": "upload"},
        {"type": "highlight"},
    ],
)
def test_a_vod_that_we_have_or_do_not_want_or_that_stays_is_not_lacking(client: Client, fields: dict[str, str]) -> None:
    cast.vod(**{"state": State.QUEUED, "started_at": now() - timedelta(days=11), **fields})
    assert single(client, "vod_soonest_expiry_seconds") == pytest.approx(14 * DAY, abs=120)


def test_a_channel_that_is_switched_off_lacks_nothing(client: Client) -> None:
    cast.vod(channel=cast.pia(archive=False), started_at=now() - timedelta(days=11))
    assert single(client, "vod_soonest_expiry_seconds") == pytest.approx(14 * DAY, abs=120)


def test_space_is_that_of_the_disk_of_media_dir(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_DIR = tmp_path
    assert single(client, "media_total_bytes") == shutil.disk_usage(tmp_path).total
    assert 0 <= single(client, "media_free_bytes") <= shutil.disk_usage(tmp_path).total


def test_without_media_dir_there_is_no_number(client: Client, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_DIR = tmp_path / "gone"
    assert labelled(client, "media_free_bytes") == {}


def test_tasks_are_counted_for_each_of_our_clusters(client: Client) -> None:
    OrmQ.objects.create(key="media", payload="x", lock=now() - timedelta(seconds=1))
    OrmQ.objects.create(key="media", payload="x", lock=now() + timedelta(hours=1))  # taken by a worker
    OrmQ.objects.create(key="somebody-elses", payload="x", lock=now() - timedelta(seconds=1))
    times = {"started": now(), "stopped": now(), "name": "x", "func": "x"}
    Task.objects.create(id="1", success=False, cluster=None, **times)
    Task.objects.create(id="2", success=False, cluster="media", **times)
    Task.objects.create(id="3", success=True, cluster="media", **times)
    assert labelled(client, "task_queue_waiting") == {"default": 0, "media": 1}
    assert labelled(client, "task_queue_failed") == {"default": 1, "media": 1}

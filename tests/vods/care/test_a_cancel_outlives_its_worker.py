"""A cancel that the worker did not live to see is carried out by who takes the VOD back."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest

from tests import cast
from vods import leasing
from vods.leasing import Stage
from vods.models import Attempt, State, Vod
from vods.owner import Owner, boot_id, host_name

pytestmark = pytest.mark.django_db


def dead_owner() -> str:
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return str(Owner(host_name(), boot_id(), child.pid, 1))


def at_work(state: State, owner: str, seconds: float, *, canceled: bool) -> Vod:
    now = datetime.now(UTC)
    vod = cast.vod(
        state,
        lease_owner=owner,
        lease_generation=4,
        lease_until=now + timedelta(seconds=seconds),
        cancel_requested_at=now if canceled else None,
    )
    Attempt.objects.create(vod=vod, step="download", generation=4, started_at=now)
    return vod


@pytest.mark.parametrize("state", [State.DOWNLOADING, State.UPLOADING])
def test_of_a_dead_process_of_this_host(state: State) -> None:
    vod = at_work(state, dead_owner(), 60, canceled=True)
    assert leasing.take_back_from_the_dead() == 1
    vod.refresh_from_db()
    assert (vod.state, vod.cancel_requested_at, vod.lease_generation) == (State.CANCELED, None, 5)
    assert Attempt.objects.get().outcome == Attempt.Outcome.LOST


@pytest.mark.parametrize(("state", "stage"), [(State.DOWNLOADING, Stage.DOWNLOAD), (State.UPLOADING, Stage.UPLOAD)])
def test_of_another_host_when_its_lease_has_run_out(state: State, stage: Stage) -> None:
    vod = at_work(state, "elsewhere|boot|1|1", -1, canceled=True)
    assert leasing.claim(stage, limit=9, channels=[vod.channel_id]) is None
    assert leasing.take_back_from_the_dead() == 1
    vod.refresh_from_db()
    assert vod.state == State.CANCELED


def test_what_was_not_canceled_goes_on_with_another_worker() -> None:
    vod = at_work(State.DOWNLOADING, "elsewhere|boot|1|1", -1, canceled=False)
    assert leasing.take_back_from_the_dead() == 0
    assert leasing.claim(Stage.DOWNLOAD, limit=9, channels=[vod.channel_id]) is not None


def test_a_worker_that_lives_carries_its_cancel_out_itself() -> None:
    vod = at_work(State.DOWNLOADING, "elsewhere|boot|1|1", 60, canceled=True)
    assert leasing.take_back_from_the_dead() == 0
    vod.refresh_from_db()
    assert vod.state == State.DOWNLOADING

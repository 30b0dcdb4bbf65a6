"""The heartbeat keeps a lease alive, and hears of cancel, drain and loss."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests import cast
from vods import drain, leasing
from vods.leasing import Lease, Stage
from vods.models import State, Vod

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def lease(settings: Any) -> Iterator[Lease]:
    settings.CANCEL_POLL, settings.LEASE_HEARTBEAT, settings.LEASE_SECONDS = 0.1, 0.1, 60
    vod = cast.vod()
    claimed = leasing.claim(Stage.DOWNLOAD, limit=1, channels=[vod.channel_id])
    assert claimed is not None
    drain.draining.clear()
    yield claimed
    drain.draining.clear()


def test_a_cancel_is_heard(lease: Lease) -> None:
    with lease.kept():
        Vod.objects.update(cancel_requested_at=datetime.now(UTC))
        assert lease.stop.wait(10)
    assert lease.why == "canceled"


def test_a_drain_is_heard(lease: Lease) -> None:
    with lease.kept():
        drain.draining.set()
        assert lease.stop.wait(10)
    assert lease.why == "drained"


def test_a_lease_that_another_owner_took_is_lost(lease: Lease) -> None:
    with lease.kept():
        Vod.objects.update(lease_generation=7)
        assert lease.stop.wait(10)
    assert lease.why == "lost"
    assert not lease.is_ours()


def test_the_heartbeat_writes_the_progress_and_moves_the_lease(lease: Lease) -> None:
    Vod.objects.update(lease_until=datetime.now(UTC) + timedelta(seconds=5))
    lease.report(1234, 5678)
    with lease.kept():
        while Vod.objects.get().bytes_done != 1234 or Vod.objects.get().lease_until < datetime.now(UTC) + timedelta(
            seconds=30
        ):
            assert not lease.stop.wait(0.05)
    assert Vod.objects.get().bytes_total == 5678


def test_without_a_heartbeat_the_owner_stops_itself(lease: Lease, settings: Any) -> None:
    settings.LEASE_GIVE_UP, settings.LEASE_HEARTBEAT = 0.5, 3600
    with lease.kept():
        assert lease.stop.wait(10)
    assert lease.why == "lost"


def test_an_expired_lease_is_not_ours_to_publish(lease: Lease) -> None:
    assert lease.is_ours()
    Vod.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert not lease.is_ours()


def test_what_a_dead_process_of_this_host_held_is_taken_back_at_once(lease: Lease) -> None:
    host, boot, _, started = lease.vod.lease_owner.split("|")
    Vod.objects.update(lease_owner="|".join([host, boot, "4194399", started]))
    assert leasing.take_back_from_the_dead() == 1
    vod = Vod.objects.get()
    assert (vod.state, vod.lease_owner, vod.lease_generation) == (State.QUEUED, "", lease.generation + 1)


def test_what_a_living_process_or_another_host_holds_stays(lease: Lease) -> None:
    assert leasing.take_back_from_the_dead() == 0
    _, boot, pid, started = lease.vod.lease_owner.split("|")
    Vod.objects.update(lease_owner="|".join(["elsewhere", boot, pid, started]))
    assert leasing.take_back_from_the_dead() == 0

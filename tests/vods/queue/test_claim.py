"""Who gets a VOD, and who does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests import cast
from vods import leasing, picking
from vods.leasing import LeaseLost, Stage
from vods.models import Attempt, Channel, State, Vod

pytestmark = pytest.mark.django_db


def claim(stage: Stage = Stage.DOWNLOAD, limit: int = 9, vod_id: int | None = None) -> leasing.Lease | None:
    return leasing.claim(stage, limit=limit, channels=list(Channel.objects.values_list("pk", flat=True)), vod_id=vod_id)


def claimed(stage: Stage = Stage.DOWNLOAD) -> str | None:
    lease = claim(stage)
    return lease.vod.twitch_id if lease else None


def test_nothing_waits() -> None:
    cast.vod(State.DONE)
    assert claim() is None


def test_higher_priority_goes_first_then_the_oldest() -> None:
    old, young, urgent = cast.vod(), cast.vod(), cast.vod(priority=5)
    assert [claimed() for _ in range(4)] == [urgent.twitch_id, old.twitch_id, young.twitch_id, None]


def test_a_channel_of_higher_priority_goes_before_all_others() -> None:
    favourite = Channel.objects.create(login="favourite_fay", priority=1)
    urgent, plain, theirs = cast.vod(priority=9), cast.vod(), cast.vod(channel=favourite)
    assert [claimed() for _ in range(4)] == [theirs.twitch_id, urgent.twitch_id, plain.twitch_id, None]


def test_the_claim_raises_the_generation_and_names_the_owner() -> None:
    cast.vod()
    lease = claim()
    assert lease is not None
    assert (lease.generation, lease.vod.lease_generation) == (1, 1)
    assert lease.vod.state == State.DOWNLOADING
    assert lease.vod.lease_owner == str(leasing.this_process())
    assert lease.vod.lease_until > datetime.now(UTC) + timedelta(seconds=100)


def test_no_more_than_the_limit_are_at_work() -> None:
    cast.vod(), cast.vod()
    assert claim(limit=1) is not None
    assert claim(limit=1) is None


def test_a_lease_that_ran_out_frees_its_slot_and_its_vod() -> None:
    cast.vod()
    first = claim(limit=1)
    assert first is not None
    Vod.objects.update(lease_until=datetime.now(UTC) - timedelta(seconds=1))
    second = claim(limit=1)
    assert second is not None
    assert second.generation == 2
    with pytest.raises(LeaseLost):
        first.save(title="too late")
    second.save(title="mine")


def test_taking_over_closes_the_attempt_of_the_lost_owner() -> None:
    vod = cast.vod(State.DOWNLOADING, lease_until=datetime.now(UTC) - timedelta(seconds=1))
    Attempt.objects.create(vod=vod, step="download", started_at=datetime.now(UTC))
    assert claim() is not None
    assert Attempt.objects.get().outcome == Attempt.Outcome.LOST
    assert Attempt.objects.get().ended_at is not None


@pytest.mark.parametrize(
    ("state", "fields", "stage"),
    [
        (State.QUEUED, {"live": True}, Stage.DOWNLOAD),
        (State.QUEUED, {"not_before": datetime(2999, 1, 1, tzinfo=UTC)}, Stage.DOWNLOAD),
        (State.FAILED, {"not_before": datetime(2999, 1, 1, tzinfo=UTC)}, Stage.DOWNLOAD),
        (State.FAILED, {"step": "upload", "not_before": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.DOWNLOAD),
        (State.FAILED, {"not_before": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.UPLOAD),
        (State.QUEUED, {}, Stage.UPLOAD),
        (State.DOWNLOADED, {}, Stage.DOWNLOAD),
        *(
            (state, {}, stage)
            for state in (State.NEEDS_ATTENTION, State.SKIPPED, State.CANCELED, State.IGNORED)
            for stage in Stage
        ),
    ],
)
def test_what_may_not_be_claimed(state: State, fields: dict[str, object], stage: Stage) -> None:
    cast.vod(state, **fields)
    assert claim(stage) is None


@pytest.mark.parametrize(
    ("state", "fields", "stage"),
    [
        (State.QUEUED, {"not_before": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.DOWNLOAD),
        (State.FAILED, {"not_before": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.DOWNLOAD),
        (State.DOWNLOADED, {}, Stage.UPLOAD),
        (State.FAILED, {"step": "upload", "not_before": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.UPLOAD),
        (State.UPLOADING, {"lease_until": datetime(2000, 1, 1, tzinfo=UTC)}, Stage.UPLOAD),
    ],
)
def test_what_may_be_claimed(state: State, fields: dict[str, object], stage: Stage) -> None:
    vod = cast.vod(state, **fields)
    assert picking.claimable(stage, [vod.channel_id], 5) == 1
    assert claimed(stage) == vod.twitch_id


def test_other_channels_are_left_alone() -> None:
    cast.vod()
    assert leasing.claim(Stage.DOWNLOAD, limit=1, channels=[]) is None
    assert leasing.claim(Stage.DOWNLOAD, limit=1, channels=[99999]) is None


def test_a_named_vod_is_taken_only_when_it_waits() -> None:
    cast.vod()
    done = cast.vod(State.DONE)
    assert claim(vod_id=done.pk) is None

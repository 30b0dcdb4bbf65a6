"""Among channels of equal priority the one that has waited longest is served next; priorities go before that."""

from __future__ import annotations

import pytest

from tests import cast
from vods import leasing
from vods.leasing import Stage
from vods.models import Channel, State, Vod

pytestmark = pytest.mark.django_db


def other(login: str = "tom", **fields: int) -> Channel:
    return Channel.objects.create(login=login, **fields)


def claimed(times: int, stage: Stage = Stage.DOWNLOAD) -> list[str]:
    """The logins of the channels whose VODs are taken, one after another."""
    channels = list(Channel.objects.values_list("pk", flat=True))
    leases = [leasing.claim(stage, limit=99, channels=channels) for _ in range(times)]
    return [lease.vod.channel.login if lease else "" for lease in leases]


def test_a_long_backlog_does_not_hold_up_the_others() -> None:
    for _ in range(4):
        cast.vod()
    tom = other()
    cast.vod(channel=tom), cast.vod(channel=tom)
    assert claimed(7) == ["pia", "tom", "pia", "tom", "pia", "pia", ""]


def test_a_channel_that_comes_later_is_served_next() -> None:
    for _ in range(3):
        cast.vod()
    assert claimed(1) == ["pia"]
    cast.vod(channel=other())
    assert claimed(2) == ["tom", "pia"]


def test_within_a_channel_the_oldest_comes_first() -> None:
    vods = [cast.vod() for _ in range(3)]
    cast.vod(channel=other())
    taken = [leasing.claim(Stage.DOWNLOAD, limit=9, channels=[cast.pia().pk]) for _ in range(3)]
    assert [lease.vod.twitch_id for lease in taken if lease] == [vod.twitch_id for vod in vods]


def test_the_priority_of_a_vod_goes_before_the_turn() -> None:
    cast.vod(priority=1), cast.vod(priority=1)
    cast.vod(channel=other())
    assert claimed(3) == ["pia", "pia", "tom"]


def test_the_priority_of_a_channel_goes_before_all() -> None:
    cast.vod(priority=9)
    tom = other(priority=1)
    cast.vod(channel=tom), cast.vod(channel=tom)
    assert claimed(3) == ["tom", "tom", "pia"]


def test_uploads_have_turns_of_their_own() -> None:
    tom = other()
    cast.vod(State.DOWNLOADED), cast.vod(State.DOWNLOADED, channel=tom), cast.vod(State.DOWNLOADED, channel=tom)
    cast.vod(), cast.vod(channel=tom)
    assert claimed(1) == ["pia"]
    assert claimed(3, Stage.UPLOAD) == ["pia", "tom", "tom"]
    assert claimed(1) == ["tom"]


def test_what_may_be_tried_again_takes_its_turn_too() -> None:
    tom = other()
    cast.vod(), cast.vod()
    past = cast.vod().created_at
    Vod.objects.filter(pk=cast.vod(channel=tom).pk).update(state=State.FAILED, not_before=past)
    assert claimed(3) == ["pia", "tom", "pia"]

"""How long a VOD can still be had is told, and with VOD_URGENT_DAYS what goes soon is taken first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils.timezone import now

from tests import cast
from vods import leasing, vanishing
from vods.leasing import Stage
from vods.models import Channel, Redo, State, Step, Vod
from vods.templatetags.drawings import vanishing_chip

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def lifetime(settings: Any) -> None:
    settings.TWITCH_VOD_LIFETIME_DAYS = 14


def old(days: float, state: State = State.QUEUED, **fields: Any) -> Vod:
    return cast.vod(state, started_at=now() - timedelta(days=days), **fields)


def taken() -> list[str]:
    channels = list(Channel.objects.values_list("pk", flat=True))
    found = []
    while (lease := leasing.claim(Stage.DOWNLOAD, limit=99, channels=channels)) is not None:
        found.append(lease.vod.twitch_id)
    return found


def ids(*vods: Vod) -> list[str]:
    return [vod.twitch_id for vod in vods]


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({}, True),
        ({"state": State.IGNORED}, True),
        ({"state": State.FAILED}, True),
        ({"state": State.FAILED, "step": Step.UPLOAD}, False),
        ({"state": State.DONE}, False),
        ({"state": State.SKIPPED}, False),
        ({"type": "highlight"}, False),
        ({"live": True}, False),
        ({"redo": Redo.VERIFY}, False),
    ],
)
def test_it_is_told_of_what_we_lack(fields: dict[str, Any], told: bool) -> None:
    vod = old(13, **fields)
    assert vanishing.removed_at(vod) == (vod.started_at + timedelta(days=14) if told else None)
    assert bool(vanishing_chip(vod)) == told


@pytest.mark.parametrize(
    ("days", "words", "chip"),
    [(4, "Twitch removes it <time", False), (13, "Twitch removes it <time", True), (15, "may have removed it", True)],
)
def test_what_goes_soon_stands_out(days: float, words: str, chip: bool) -> None:
    shown = vanishing_chip(old(days))
    assert words in shown
    assert ('class="chip' in shown) == chip


def test_without_the_option_priority_goes_first(settings: Any) -> None:
    going, urgent = old(13), old(1, priority=5)
    assert taken() == ids(urgent, going)


def test_with_the_option_what_goes_soon_goes_first_the_soonest_before_all(settings: Any) -> None:
    settings.VOD_URGENT_DAYS = 3
    favourite = Channel.objects.create(login="favourite_fay", priority=9)
    theirs = old(1, channel=favourite)
    important, later, sooner = old(2, priority=5), old(12), old(13, State.FAILED, not_before=now() - timedelta(days=1))
    stays, checked = old(13.5, type="highlight"), old(13.5, redo=Redo.VERIFY)
    assert taken() == ids(sooner, later, theirs, important, *sorted((stays, checked), key=lambda vod: vod.started_at))


def test_what_is_urgent_still_waits_for_its_time_and_its_channel(settings: Any) -> None:
    settings.VOD_URGENT_DAYS = 3
    old(13, State.FAILED, not_before=now() + timedelta(hours=1))
    old(13, live=True)
    plain = old(1)
    assert taken() == ids(plain)
    old(13)
    assert leasing.claim(Stage.DOWNLOAD, limit=99, channels=[]) is None

"""Which recording belongs to which VOD."""

from __future__ import annotations

from typing import Any

import pytest

from chat.models import RecordingVod
from chat.reconcile import reconcile
from chat.tasks import reconcile_recordings
from tests.cast import vod
from tests.chat.chatcast import after, recording
from vods.models import Channel

pytestmark = pytest.mark.django_db

CASES: list[tuple[str, dict[str, Any], dict[str, Any], bool]] = [
    ("same stream, far starts", {"stream_id": "1"}, {"stream_id": "1", "started_at": after(7200)}, True),
    ("other stream, same start", {"stream_id": "1"}, {"stream_id": "2", "started_at": after(0)}, False),
    ("VOD without a stream, near", {"stream_id": "1"}, {"stream_id": "", "started_at": after(600)}, True),
    ("VOD without a stream, earlier", {"stream_id": "1"}, {"stream_id": "", "started_at": after(-600)}, True),
    ("VOD without a stream, too far", {"stream_id": "1"}, {"stream_id": "", "started_at": after(601)}, False),
    ("recording without a stream, near", {"stream_id": ""}, {"stream_id": "2", "started_at": after(5)}, True),
    ("neither has a stream, near", {"stream_id": ""}, {"stream_id": "", "started_at": after(5)}, True),
    ("neither has a stream, far", {"stream_id": ""}, {"stream_id": "", "started_at": after(900)}, False),
    ("a highlight", {"stream_id": ""}, {"stream_id": "", "started_at": after(5), "type": "highlight"}, False),
]


@pytest.mark.parametrize(("of", "vod_has", "tied"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_they_belong_together_or_not(of: dict[str, Any], vod_has: dict[str, Any], tied: bool) -> None:
    recording(**of)
    vod(**vod_has)
    assert reconcile() == int(tied)
    assert RecordingVod.objects.count() == int(tied)


def test_another_channels_vod_is_never_tied() -> None:
    recording(stream_id="")
    vod(channel=Channel.objects.create(login="mia"), started_at=after(0))
    assert reconcile() == 0


def test_it_may_run_again_and_keeps_an_offset_that_was_set() -> None:
    recording(stream_id="1")
    vod(stream_id="1")
    reconcile()
    RecordingVod.objects.update(offset=2.5)
    assert reconcile_recordings() == 0
    assert RecordingVod.objects.get().offset == 2.5


def test_a_broadcast_cut_in_two_ties_to_both_also_when_the_second_appears_late() -> None:
    recording(stream_id="1")
    vod(stream_id="1", started_at=after(0))
    assert reconcile() == 1
    vod(stream_id="1", started_at=after(48 * 3600))
    assert reconcile() == 1


def test_a_stream_that_broke_off_and_came_back_gives_one_vod_two_recordings() -> None:
    recording(stream_id="1")
    recording(stream_id="2", started_at=after(300))
    vod(stream_id="", started_at=after(10))
    assert reconcile() == 2

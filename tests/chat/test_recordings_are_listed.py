"""`manage.py recordings`, and the queries of the pages."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import call_command
from pytest_django import DjangoAssertNumQueries

from chat.ingest import Row, ingest
from chat.messages import Deletion
from chat.models import Gap, Recording, RecordingVod
from chat.queries import message_count, message_counts, messages_window, recording_now
from tests.cast import pia, vod
from tests.chat.chatcast import START_MS, after, recording, said
from vods.models import Vod

pytestmark = pytest.mark.django_db


def tied(row: Recording, *seconds: float, offset: float = 0.0) -> Vod:
    """A VOD that begins with the stream, tied to the recording with messages at these seconds."""
    video = vod(started_at=after(0))
    RecordingVod.objects.create(recording=row, vod=video, offset=offset)
    ingest([Row(row.pk, "pia", said(f"{row.pk}-{second:g}", second)) for second in seconds])
    return video


def listed(*options: str) -> str:
    out = StringIO()
    call_command("recordings", *options, stdout=out)
    return out.getvalue()


def test_nothing_recorded_is_said_in_words_and_as_an_empty_list() -> None:
    assert "Nothing was recorded yet" in listed()
    assert json.loads(listed("--json")) == []


def test_json_has_everything_newest_first() -> None:
    old = recording(ended_at=after(100))
    video = tied(old, 1, 2, 31)
    Gap.objects.create(recording=old, started_at=after(3), ended_at=after(4.5), reason="cut")
    new = recording(stream_id="901", started_at=after(200))
    assert json.loads(listed("--json")) == [
        {
            "id": new.pk,
            "channel": "pia",
            "stream_id": "901",
            "started_at": "2026-11-01T20:03:20Z",
            "ended_at": None,
            "vods": [],
            "messages": 0,
            "gaps": [],
        },
        {
            "id": old.pk,
            "channel": "pia",
            "stream_id": "900",
            "started_at": "2026-11-01T20:00:00Z",
            "ended_at": "2026-11-01T20:01:40Z",
            "vods": [video.twitch_id],
            "messages": 3,
            "gaps": [
                {"started_at": "2026-11-01T20:00:03Z", "ended_at": "2026-11-01T20:00:04.500000Z", "reason": "cut"}
            ],
        },
    ]


def test_the_table_is_for_people() -> None:
    video = tied(recording(), 1, 2)
    head, row = listed().splitlines()
    assert head.split() == ["id", "channel", "started", "(UTC)", "ended", "(UTC)", "messages", "gaps", "vods"]
    assert row.split()[1:] == ["pia", "2026-11-01", "20:00:00", "runs", "2", "0", video.twitch_id]


def test_a_window_holds_the_messages_of_its_seconds() -> None:
    video = tied(recording(), -5, 0, 10, 19.999, 20)
    assert [line.place for line in messages_window(video, 0, 20)] == [0, 10, 19.999]
    assert [line.place for line in messages_window(video, -10, 30, limit=2)] == [-5, 0]


def test_an_offset_moves_the_messages() -> None:
    video = tied(recording(), 10, offset=2.5)
    assert [line.place for line in messages_window(video, 12, 1)] == [12.5]


def test_a_window_mixes_two_recordings_of_one_vod_and_tells_what_was_deleted() -> None:
    first, second = recording(ended_at=after(15)), recording(stream_id="901", started_at=after(20))
    video = tied(first, 1, 5)
    RecordingVod.objects.create(recording=second, vod=video)
    ingest([Row(second.pk, "pia", said("late", 3))], [(second.pk, Deletion(START_MS + 9000, message_id="late"))])
    lines = messages_window(video, 0, 60)
    assert [(line.place, line.deleted) for line in lines] == [(1, False), (3, True), (5, False)]


def test_counts_of_many_vods_take_one_query(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    videos = [tied(recording(stream_id=str(n)), *range(n)) for n in range(4)]
    with django_assert_num_queries(1):
        counts = message_counts(video.pk for video in videos)
    assert counts == {videos[n].pk: n for n in range(1, 4)}
    assert [message_count(video) for video in videos] == [0, 1, 2, 3]


def test_what_is_being_recorded_now_is_only_what_runs(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    pia()
    recording(ended_at=after(5))
    running = recording(stream_id="901")
    with django_assert_num_queries(4):
        assert [row.id for row in recording_now()] == [running.pk]

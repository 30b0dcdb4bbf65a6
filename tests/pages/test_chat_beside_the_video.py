"""The chat endpoint gives windows without losing or doubling a message."""

from __future__ import annotations

from datetime import timedelta

import page_cast
import pytest
from django.test import Client
from django.utils.timezone import now

from chat import views
from chat.models import Gap
from vods.models import State, Vod


@pytest.fixture
def vod(db: None) -> Vod:
    return page_cast.vod(page_cast.channels(now())[0], 7, State.DONE, now())


def test_a_window_holds_its_stretch_of_time(operator: Client, vod: Vod) -> None:
    page_cast.with_chat(vod)
    answer = operator.get(f"{vod.get_absolute_url()}chat/?from=6&to=18").json()
    assert [message["t"] for message in answer["messages"]] == [6, 9, 12, 15]
    deleted, raid = answer["messages"][1], answer["messages"][3]
    assert (deleted["deleted"], raid["kind"], raid["system"][:10]) == (True, "raid", "42 raiders")


def test_the_first_answer_counts_and_names_the_gaps(operator: Client, vod: Vod) -> None:
    recording = page_cast.with_chat(vod)
    start = vod.started_at + timedelta(seconds=30)
    Gap.objects.create(recording=recording, started_at=start, ended_at=start + timedelta(seconds=9), reason="dropped")
    answer = operator.get(f"{vod.get_absolute_url()}chat/?first=1").json()
    assert answer["count"] == 200
    assert answer["gaps"] == [{"from": 30.0, "to": 39.0, "why": "dropped"}]


@pytest.mark.parametrize("spacing", [0.05, 0.0])
def test_a_crowded_window_goes_on_where_it_was_cut(
    operator: Client, vod: Vod, spacing: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST_MESSAGES", 50)
    page_cast.with_chat(vod, messages=120 if spacing else 51, spacing=spacing)
    met, start = [], 0.0
    while start < 60:
        answer = operator.get(f"{vod.get_absolute_url()}chat/?from={start}&to=60").json()
        met += [message["id"] for message in answer["messages"]]
        start = answer["to"]
    assert len(met) == len(set(met)) == (120 if spacing else 51)


@pytest.mark.parametrize("query", ["from=x", "from=nan&to=inf", "from=-1e300&to=1e300", "from=9&to=1"])
def test_odd_numbers_do_no_harm(operator: Client, vod: Vod, query: str) -> None:
    assert operator.get(f"{vod.get_absolute_url()}chat/?{query}").status_code == 200


def test_running_recordings_are_counted_on_the_start_page(operator: Client, vod: Vod) -> None:
    recording = page_cast.with_chat(vod)
    assert "200" not in operator.get("/chat/live/").content.decode()
    recording.ended_at = None
    recording.save()
    assert "<strong>200</strong> messages" in operator.get("/chat/live/").content.decode()

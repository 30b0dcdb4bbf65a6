from __future__ import annotations

import logging
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from simulator import DEMO_CHANNEL, MARATHON_CHANNEL, QUIET_CHANNEL
from simulator.running import Handle
from vods import discovery
from vods.models import Channel, State, Vod
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def marathon(simulator: Handle) -> Channel:
    return Channel.objects.create(login=MARATHON_CHANNEL)


@pytest.fixture
def demo(simulator: Handle) -> Channel:
    return Channel.objects.create(login=DEMO_CHANNEL)


def states(channel: Channel) -> dict[str, int]:
    found = channel.vods.values_list("state", flat=True)
    return {state: list(found).count(state) for state in set(found)}


def test_the_newest_are_queued_and_the_older_ones_ignored(marathon: Channel) -> None:
    found = discovery.discover_newest(marathon.pk)
    assert (found.seen, found.queued, found.ignored) == (100, 3, 97)
    newest = marathon.vods.order_by("-started_at")[:3]
    assert {vod.state for vod in newest} == {State.QUEUED}
    assert marathon.vods.filter(backlog=True).count() == 100
    vod = newest[1]
    assert vod.title == "Marathon, run 249"
    assert vod.duration == 20.0
    assert vod.muted_segments[0]["duration"] > 0
    marathon.refresh_from_db()
    assert marathon.twitch_user_id == "812345602"
    assert marathon.display_name == "MarathonMia"


def test_a_second_look_changes_nothing(marathon: Channel) -> None:
    discovery.discover_newest(marathon.pk)
    before = list(Vod.objects.order_by("pk").values())
    found = discovery.discover_newest(marathon.pk)
    assert (found.queued, found.ignored, found.updated) == (0, 0, 0)
    assert list(Vod.objects.order_by("pk").values()) == before


def test_the_walk_takes_the_whole_catalogue_and_only_the_newest_are_queued(marathon: Channel) -> None:
    found = discovery.walk_catalogue(marathon.pk)
    assert found.complete
    assert states(marathon) == {State.QUEUED: 3, State.IGNORED: 247}
    marathon.refresh_from_db()
    assert marathon.catalogue_walked_at
    assert marathon.catalogue_cursor == ""


def test_a_walk_that_was_interrupted_goes_on_at_its_cursor(
    marathon: Channel, simulator: Handle, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(discovery, "WALK_SECONDS", -1.0)
    assert not discovery.walk_catalogue(marathon.pk).complete
    monkeypatch.undo()
    monkeypatch.setenv("HTTPS_PROXY", simulator.env["HTTPS_PROXY"])
    monkeypatch.setenv("SSL_CERT_FILE", simulator.env["SSL_CERT_FILE"])
    Channel.objects.update(catalogue_cursor=_cursor_of(200))
    found = discovery.walk_catalogue(marathon.pk)
    assert found.complete
    assert found.seen == 150  # the newest page, and the last one


def test_a_cursor_that_twitch_forgot_begins_the_walk_anew(marathon: Channel) -> None:
    Channel.objects.update(catalogue_cursor="bm9uc2Vuc2U")
    assert not discovery.walk_catalogue(marathon.pk).complete
    assert discovery.walk_catalogue(marathon.pk).complete
    assert marathon.vods.count() == 250


@pytest.mark.parametrize(("backlog", "queued"), [(0, 0), (5, 5), (120, 120), (None, 250)])
def test_the_backlog_is_the_operators_choice(marathon: Channel, settings: Any, backlog: int, queued: int) -> None:
    settings.ARCHIVE_BACKLOG = backlog
    discovery.walk_catalogue(marathon.pk)
    assert marathon.vods.filter(state=State.QUEUED).count() == queued
    assert marathon.vods.count() == 250


@pytest.mark.parametrize("most", [40, 120])
def test_the_catalogue_can_be_bounded_by_number(marathon: Channel, simulator: Handle, settings: Any, most: int) -> None:
    settings.VOD_CATALOG_MAX = most
    for _ in range(2):
        assert discovery.walk_catalogue(marathon.pk).complete
        assert marathon.vods.count() == most


def test_the_catalogue_can_be_bounded_by_age(marathon: Channel, settings: Any) -> None:
    settings.VOD_CATALOG_MAX_AGE_DAYS = 10
    discovery.walk_catalogue(marathon.pk)
    oldest = marathon.vods.order_by("started_at")[0]
    assert timedelta(days=9) < timezone.now() - oldest.started_at < timedelta(days=10)
    assert marathon.vods.count() == 24


def test_what_comes_later_is_always_queued(simulator: Handle, settings: Any) -> None:
    settings.ARCHIVE_BACKLOG, settings.VOD_CATALOG_MAX = 0, 1
    quiet = Channel.objects.create(login=QUIET_CHANNEL)
    discovery.discover_newest(quiet.pk)
    before = quiet.vods.count()
    for number in range(2):
        simulator.control.post("/vods", channel=QUIET_CHANNEL, title=f"New {number}", seconds=20, media="base0")
    assert discovery.discover_newest(quiet.pk).queued == 2
    assert quiet.vods.count() == before + 2
    assert quiet.vods.filter(state=State.QUEUED, backlog=False).count() == 2


def test_a_channel_that_is_not_archived_has_its_vods_listed_only(marathon: Channel) -> None:
    Channel.objects.update(archive=False)
    discovery.discover_newest(marathon.pk)
    assert states(marathon) == {State.IGNORED: 100}


def test_a_broadcast_that_runs_is_queued_but_live_and_is_settled_when_it_ends(
    demo: Channel, simulator: Handle, settings: Any
) -> None:
    settings.ARCHIVE_BACKLOG = 2
    discovery.discover_newest(demo.pk)
    live = demo.vods.get(live=True)
    assert (live.state, live.backlog) == (State.QUEUED, False)
    assert live.category
    assert demo.vods.filter(state=State.QUEUED, live=False).count() == 2
    simulator.control.post(f"/broadcast/{DEMO_CHANNEL}", live=False)
    try:
        found = discovery.discover_newest(demo.pk)
        assert found.ended == 1
        ended = demo.vods.get(pk=live.pk)
        assert not ended.live
        listed = next(vod for vod in simulator.control.vods(DEMO_CHANNEL) if vod["id"] == ended.twitch_id)
        assert ended.duration == listed["length"]
        assert (ended.state, ended.category) == (State.QUEUED, live.category)
    finally:
        simulator.control.post(f"/broadcast/{DEMO_CHANNEL}", live=True)


def test_a_live_vod_that_left_the_newest_page_is_settled(marathon: Channel, simulator: Handle) -> None:
    discovery.walk_catalogue(marathon.pk)
    oldest = marathon.vods.order_by("started_at")[0]
    gone = Vod.objects.create(
        twitch_id="12345", channel=marathon, started_at=oldest.started_at - timedelta(days=1), live=True
    )
    Vod.objects.filter(pk=oldest.pk).update(live=True, duration=1.0)
    assert discovery.discover_newest(marathon.pk).ended == 2
    oldest.refresh_from_db()
    gone.refresh_from_db()
    assert (oldest.live, oldest.duration, gone.live) == (False, 20.0, False)


def test_a_changed_title_is_taken_over_and_a_state_is_not(marathon: Channel) -> None:
    discovery.discover_newest(marathon.pk)
    vod = marathon.vods.order_by("-started_at")[0]
    Vod.objects.filter(pk=vod.pk).update(title="as it was", duration=1.0, state=State.DONE, youtube_id="abc")
    assert discovery.discover_newest(marathon.pk).updated == 1
    vod.refresh_from_db()
    assert (vod.title, vod.duration) == ("Marathon, run 250", 20.0)
    assert (vod.state, vod.youtube_id) == (State.DONE, "abc")


def test_a_very_long_title_with_nul_fits_the_column(simulator: Handle) -> None:
    quiet = Channel.objects.create(login=QUIET_CHANNEL)
    row = simulator.control.post("/vods", channel=QUIET_CHANNEL, title="名\x00" * 600, seconds=20, media="base0")
    discovery.discover_newest(quiet.pk)
    assert Vod.objects.get(twitch_id=row["id"]).title == "名" * 500


def test_an_unknown_channel_is_said_by_name_once_and_stops_nobody(
    marathon: Channel, caplog: pytest.LogCaptureFixture
) -> None:
    nobody = Channel.objects.create(login="nobody_at_all")
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            found = discovery.discover_all()
    assert [look.channel for look in found if look.problem] == ["nobody_at_all"]
    nobody.refresh_from_db()
    assert nobody.problem.startswith("There is no Twitch channel named nobody_at_all")
    assert [record.message for record in caplog.records if "nobody_at_all" in record.message] == [
        f"Channel nobody_at_all: {nobody.problem}"
    ]
    assert marathon.vods.count() == 100


def test_a_renamed_channel_is_followed_and_an_old_problem_goes_away(simulator: Handle) -> None:
    mia = Channel.objects.create(login="mia_before", twitch_user_id="812345602", problem="something old")
    discovery.discover_newest(mia.pk)
    mia.refresh_from_db()
    assert (mia.login, mia.problem) == (MARATHON_CHANNEL, "")
    assert mia.vods.count() == 100


def test_a_channel_listed_under_both_of_its_names_is_said(marathon: Channel) -> None:
    old = Channel.objects.create(login="mia_before", twitch_user_id="812345602")
    discovery.discover_all()
    old.refresh_from_db()
    assert "is listed too" in old.problem
    assert old.login == "mia_before"


def test_missing_credentials_are_said_once(
    marathon: Channel, settings: Any, caplog: pytest.LogCaptureFixture, simulator: Handle
) -> None:
    settings.TWITCH_CLIENT_ID = ""
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert discovery.discover_all() == []
    assert len([r for r in caplog.records if "TWITCH_CLIENT_ID is not set" in r.message]) == 1
    assert not simulator.control.requests()


def test_trouble_at_twitch_is_no_problem_of_the_channel(marathon: Channel, simulator: Handle) -> None:
    simulator.control.post("/faults", target="helix/videos", status=404)
    found = discovery.discover_newest(marathon.pk)
    assert "Twitch refused" in found.problem
    marathon.refresh_from_db()
    assert marathon.problem == ""
    simulator.control.delete("/faults")
    assert discovery.discover_newest(marathon.pk).queued == 3


def test_calls_are_counted(marathon: Channel) -> None:
    discovery.discover_newest(marathon.pk)
    values = store.values(["helix_api_calls"])
    for endpoint in ("users", "streams", "videos"):
        assert values["helix_api_calls", store.label_key((endpoint, "200")), "value"] == 1


def _cursor_of(offset: int) -> str:
    from simulator.helix import _cursor

    return _cursor(offset)


def test_looks_at_the_same_time_store_every_vod_once(marathon: Channel) -> None:
    complete: list[bool] = []

    def look() -> None:
        try:
            complete.append(discovery.walk_catalogue(marathon.pk).complete)
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert complete == [True] * 3
    assert states(marathon) == {State.QUEUED: 3, State.IGNORED: 247}

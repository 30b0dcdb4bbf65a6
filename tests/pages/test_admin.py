"""The admin: lists, their actions, and what it never shows."""

from __future__ import annotations

import logging
from pathlib import Path

import page_cast
import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from oauth.models import Token
from vods.models import Channel, Circuit, Redo, State, Switchboard, Vod

LISTS = (
    "vods/vod", "vods/channel", "vods/attempt", "chat/recording", "chat/message", "oauth/token", "auth/user",
    "auth/group", "django_q/schedule", "django_q/success", "django_q/failure", "django_q/ormq",
)  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_every_list_opens(operator: Client, name: str) -> None:
    page_cast.with_chat(page_cast.fill(now(), 16)[7])
    assert operator.get(f"/admin/{name}/").status_code == 200


@pytest.mark.parametrize("count", [4, 40])
def test_the_list_of_vods_reads_the_same_number_of_times_at_any_size(
    operator: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    page_cast.fill(now(), count)
    with django_assert_num_queries(5):
        operator.get("/admin/vods/vod/")


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("requeue", State.FAILED, State.QUEUED),
        ("cancel", State.QUEUED, State.CANCELED),
        ("cancel_and_keep", State.QUEUED, State.CANCELED),
        ("download_again", State.DONE, State.QUEUED),
        ("accept_the_gap", State.NEEDS_ATTENTION, State.QUEUED),
    ],
)
def test_an_action_changes_the_chosen_vods_and_is_logged(
    operator: Client, action: str, before: State, after: State
) -> None:
    vods = [vod for vod in page_cast.fill(now(), 16) if vod.state == before]
    chosen = [vod.pk for vod in vods]
    answer = operator.post("/admin/vods/vod/", {"action": action, "_selected_action": chosen}, follow=True)
    assert answer.status_code == 200
    assert set(Vod.objects.filter(pk__in=chosen).values_list("state", flat=True)) == {after}
    assert LogEntry.objects.filter(user__username="operator").count() == len(chosen)


def test_uploads_are_switched_off_for_many(operator: Client) -> None:
    chosen = [vod.pk for vod in page_cast.fill(now(), 4)]
    operator.post("/admin/vods/vod/", {"action": "skip_upload_on", "_selected_action": chosen})
    assert Vod.objects.filter(skip_upload=True).count() == 4


@pytest.mark.parametrize(
    ("action", "state", "redo"),
    [
        ("verify_file", State.QUEUED, Redo.VERIFY),
        ("upload_again", State.DOWNLOADED, Redo.UPLOAD),
        ("download_again", State.QUEUED, Redo.NOTHING),
    ],
)
def test_a_stage_is_done_again_where_there_is_a_file(
    operator: Client, media: Path, action: str, state: State, redo: Redo
) -> None:
    vod = page_cast.fill(now(), 8)[7]
    page_cast.with_file(vod, media, b"video")
    operator.post("/admin/vods/vod/", {"action": action, "_selected_action": [vod.pk]})
    vod.refresh_from_db()
    assert (vod.state, vod.redo) == (state, redo)
    assert LogEntry.objects.count() == 1


def test_priorities_move_from_where_each_is(operator: Client) -> None:
    first, second, third = page_cast.fill(now(), 3)
    Vod.objects.filter(pk=second.pk).update(priority=1)
    Vod.objects.filter(pk=third.pk).update(priority=1000)
    chosen = [first.pk, second.pk, third.pk]

    def after(action: str) -> list[int]:
        operator.post("/admin/vods/vod/", {"action": action, "_selected_action": chosen})
        return list(Vod.objects.order_by("pk").values_list("priority", flat=True))

    assert after("priority_up") == [1, 2, 1000]
    assert after("priority_down") == [0, 1, 999]
    assert after("priority_usual") == [0, 0, 0]


def test_saving_a_vod_writes_what_was_decided_and_nothing_else(operator: Client) -> None:
    vod = page_cast.fill(now(), 1)[0]
    page = f"/admin/vods/vod/{vod.pk}/change/"
    kept = {"tries", "chapters"}
    forms = {f"{name}-{key}": "0" for name in kept for key in ("TOTAL_FORMS", "INITIAL_FORMS")}
    written = []
    with CaptureQueriesContext(connection) as queries:
        operator.post(page, {**forms, "priority": "3", "skip_upload": "on"})
        written = [query["sql"] for query in queries if query["sql"].startswith('UPDATE "vods_vod"')]
    vod.refresh_from_db()
    assert (vod.priority, vod.skip_upload) == (3, True)
    assert not [sql for sql in written if '"state"' in sql.partition("WHERE")[0]]
    assert LogEntry.objects.count() == 1


def test_channels_are_paused_resumed_and_their_circuits_reset(operator: Client) -> None:
    first, second = page_cast.channels(now())
    Channel.objects.filter(pk=second.pk).update(paused=True, circuit_state=Circuit.OPEN, circuit_failures=5)

    def act(action: str) -> None:
        operator.post("/admin/vods/channel/", {"action": action, "_selected_action": [first.pk, second.pk]})

    act("pause")
    assert Channel.objects.filter(paused=True).count() == 2
    assert LogEntry.objects.count() == 1  # the other one was paused already
    act("resume")
    assert not Channel.objects.filter(paused=True).exists()
    act("reset_circuit")
    second.refresh_from_db()
    assert (second.circuit_state, second.circuit_failures) == (Circuit.CLOSED, 0)
    assert LogEntry.objects.count() == 4


@pytest.mark.parametrize(("quality", "kept"), [("720p", "720p"), ("nonsense", "")])
def test_a_channel_has_its_own_quality(operator: Client, quality: str, kept: str) -> None:
    channel = page_cast.channels(now())[0]
    page = f"/admin/vods/channel/{channel.pk}/change/"
    operator.post(page, {"archive": "on", "priority": "0", "quality": quality})
    channel.refresh_from_db()
    assert channel.quality == kept


def test_a_quality_that_the_list_does_not_name_stays_when_the_page_is_saved(operator: Client) -> None:
    channel = page_cast.channels(now())[0]
    Channel.objects.filter(pk=channel.pk).update(quality="720p30")
    page = f"/admin/vods/channel/{channel.pk}/change/"
    assert 'value="720p30" selected' in operator.get(page).content.decode()
    operator.post(page, {"priority": "4", "quality": "720p30", "paused": "on", "circuit_state": "open"})
    channel.refresh_from_db()
    assert (channel.quality, channel.priority, channel.paused) == ("720p30", 4, False)
    assert channel.circuit_state == Circuit.CLOSED


def test_the_switchboard_is_one_row_with_two_switches(operator: Client) -> None:
    answer = operator.get("/admin/vods/switchboard/", follow=True)
    page = "/admin/vods/switchboard/1/change/"
    assert answer.redirect_chain == [(page, 302)]
    text = answer.content.decode()
    assert 'name="uploads_paused"' in text
    assert 'name="circuit_state"' not in text
    assert operator.get("/admin/vods/switchboard/add/").status_code == 403
    assert operator.post("/admin/vods/switchboard/1/delete/", {"post": "yes"}).status_code == 403


def test_the_switches_go_through_the_queue_and_are_logged(operator: Client, caplog: pytest.LogCaptureFixture) -> None:
    page = "/admin/vods/switchboard/1/change/"
    with caplog.at_level(logging.INFO, "vods.queue"):
        operator.post(page, {"paused": "on"})
        operator.post(page, {"uploads_paused": "on"})
    board = Switchboard.read()
    assert (board.paused, board.uploads_paused) == (False, True)
    said = [record.getMessage() for record in caplog.records if record.name == "vods.queue"]
    assert said[0] == "Paused everything for operator."
    assert sorted(said[1:]) == ["Paused the uploads for operator.", "Resumed everything for operator."]
    assert LogEntry.objects.count() == 2


def test_the_circuit_of_the_uploads_is_reset_by_its_button(operator: Client) -> None:
    Switchboard.objects.create(pk=1, circuit_state=Circuit.OPEN, circuit_failures=7, uploads_paused=True)
    page = "/admin/vods/switchboard/1/change/"
    assert 'name="vods_switchboard_reset_circuit"' in operator.get(page).content.decode()
    operator.post(page, {"uploads_paused": "on", "vods_switchboard_reset_circuit": "1"})
    board = Switchboard.read()
    assert (board.circuit_state, board.circuit_failures, board.uploads_paused) == (Circuit.CLOSED, 0, True)


def test_a_vod_cannot_be_made_or_deleted_or_have_its_state_written(operator: Client) -> None:
    vod = page_cast.fill(now(), 1)[0]
    assert operator.get("/admin/vods/vod/add/").status_code == 403
    assert operator.post(f"/admin/vods/vod/{vod.pk}/delete/", {"post": "yes"}).status_code == 403
    page = f"/admin/vods/vod/{vod.pk}/change/"
    text = operator.get(page).content.decode()
    assert 'name="state"' not in text
    assert 'name="priority"' in text


def test_a_channel_is_added_by_name_or_address(operator: Client) -> None:
    form = {"archive": "on", "priority": "0"}
    operator.post("/admin/vods/channel/add/", {**form, "login": "https://www.twitch.tv/SomeOne"})
    assert Channel.objects.get().login == "someone"
    answer = operator.post("/admin/vods/channel/add/", {**form, "login": "../etc"})
    assert "no Twitch channel" in answer.content.decode()
    assert Channel.objects.count() == 1


def test_switches_are_changed_in_the_list(operator: Client) -> None:
    channel = page_cast.channels(now())[0]
    rows = {
        "form-TOTAL_FORMS": "2", "form-INITIAL_FORMS": "2", "form-0-id": channel.pk, "form-0-priority": "5",
        "form-1-id": channel.pk + 1, "form-1-priority": "0", "form-1-archive": "on", "_save": "Save",
    }  # fmt: skip
    operator.post("/admin/vods/channel/", rows)
    channel.refresh_from_db()
    assert (channel.archive, channel.priority, channel.login) == (False, 5, "harbourlights")


def test_no_token_is_ever_shown(operator: Client) -> None:
    token = Token.objects.create(provider="youtube", access_token="hush-1", refresh_token="hush-2", error="Refused.")
    for address in ("/admin/oauth/token/", f"/admin/oauth/token/{token.pk}/change/"):
        text = operator.get(address).content.decode()
        assert "Refused." in text
        assert "hush" not in text


def test_the_admin_has_the_policy_that_its_scripts_need(operator: Client) -> None:
    assert "'unsafe-eval'" in operator.get("/admin/")["Content-Security-Policy"]
    assert "unsafe" not in operator.get("/")["Content-Security-Policy"]


def test_readers_do_not_get_in(reader: Client) -> None:
    assert reader.get("/admin/vods/vod/").status_code == 302

"""The admin: lists, their actions, and what it never shows."""

from __future__ import annotations

import page_cast
import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries

from oauth.models import Token
from vods.models import Channel, State, Vod

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

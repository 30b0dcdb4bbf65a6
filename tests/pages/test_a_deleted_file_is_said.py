"""A VOD whose file retention has deleted: its page says when and by which rule, and offers what is left."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now
from pytest_django import Settings

from tests import cast
from vods.models import Attempt, State, Vod

RULE = "its broadcast is older than 30 days & more"


def without_file(**fields: Any) -> Vod:
    vod = cast.vod(State.DONE, file_deleted_at=now(), file_deleted_by=RULE, **fields)
    Attempt.objects.create(vod=vod, step="retention", started_at=now(), ended_at=now(), outcome="succeeded", bytes=7)
    return vod


def test_the_page_says_when_and_by_which_rule(operator: Client) -> None:
    page = operator.get(without_file(youtube_id="abc").get_absolute_url()).content.decode()
    assert "by the rules of retention: its broadcast is older than 30 days &amp; more." in page
    assert "deletion of the file" in page
    assert "It can be downloaded again while Twitch has it." in page


def test_in_place_of_the_player_is_the_video_on_youtube(operator: Client) -> None:
    page = operator.get(without_file(youtube_id="abc").get_absolute_url()).content.decode()
    assert "<video" not in page
    assert "Watch on YouTube" in page
    assert "Its file here was deleted" in page


def test_without_a_video_on_youtube_it_does_not_promise_one(operator: Client) -> None:
    page = operator.get(without_file().get_absolute_url()).content.decode()
    assert "Watch on YouTube" not in page
    assert "to make room" in page
    assert "No video here yet" not in page


def test_the_only_thing_to_do_again_is_the_download(operator: Client) -> None:
    page = operator.get(without_file(youtube_id="abc").get_absolute_url()).content.decode()
    assert 'id="stage-download"' in page
    assert 'id="stage-verify"' not in page


def test_visitors_see_it_too(client: Client, db: None, settings: Settings) -> None:
    settings.PUBLIC_ARCHIVE = True
    page = client.get(without_file(youtube_id="abc").get_absolute_url()).content.decode()
    assert "Watch on YouTube" in page
    assert "It can be downloaded again" not in page


def test_the_list_and_the_video_cope(operator: Client) -> None:
    vod = without_file(youtube_id="abc")
    assert vod.title in operator.get("/vods/").content.decode()
    assert operator.get(reverse("vod-video", args=[vod.twitch_id])).status_code == 404


@pytest.mark.parametrize(("sent", "kept"), [("", None), ("0", 0), ("14", 14)])
def test_a_channels_rules_are_edited_in_the_admin(operator: Client, sent: str, kept: int | None) -> None:
    channel = cast.pia(retention_keep_days=5)
    fields = {
        "login": "pia",
        "archive": "on",
        "priority": "0",
        "quality": "",
        "retention_delete_unpublished": "unknown",
    }
    answer = operator.post(f"/admin/vods/channel/{channel.pk}/change/", {**fields, "retention_keep_days": sent})
    assert answer.status_code == 302
    channel.refresh_from_db()
    assert (channel.retention_keep_days, channel.retention_delete_unpublished) == (kept, None)


def test_the_admin_takes_no_age_beyond_all_times(operator: Client) -> None:
    channel = cast.pia(retention_keep_days=5)
    fields = {"login": "pia", "priority": "0", "quality": "", "retention_keep_days": "99999"}
    answer = operator.post(f"/admin/vods/channel/{channel.pk}/change/", fields)
    assert "less than or equal to 36500" in answer.content.decode()
    channel.refresh_from_db()
    assert channel.retention_keep_days == 5

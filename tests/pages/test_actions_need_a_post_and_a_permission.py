"""What a page changes: by POST, with the token, by people who may."""

from __future__ import annotations

from pathlib import Path

import page_cast
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django import Settings

from vods.models import Redo, State, Vod

ACTIONS = ("requeue", "cancel", "accept-gap", "skip-upload", "priority")


def one(state: State) -> Vod:
    return page_cast.vod(page_cast.channels(now())[0], 6, state, now())


@pytest.mark.parametrize("action", ACTIONS)
def test_get_is_refused(operator: Client, action: str) -> None:
    assert operator.get(f"{one(State.FAILED).get_absolute_url()}{action}/").status_code == 405


@pytest.mark.parametrize("action", ACTIONS)
def test_people_without_the_permission_are_refused(reader: Client, action: str) -> None:
    vod = one(State.FAILED)
    assert reader.post(f"{vod.get_absolute_url()}{action}/").status_code == 403
    assert Vod.objects.get(pk=vod.pk).state == State.FAILED
    assert f"{action}/" not in reader.get(vod.get_absolute_url()).content.decode()


@pytest.mark.parametrize("action", ACTIONS)
def test_a_post_without_the_token_is_refused(db: None, action: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("operator"))
    vod = one(State.FAILED)
    assert client.post(f"{vod.get_absolute_url()}{action}/").status_code == 403
    assert Vod.objects.get(pk=vod.pk).state == State.FAILED


@pytest.mark.parametrize(
    ("action", "before", "after"),
    [
        ("requeue", State.NEEDS_ATTENTION, State.QUEUED),
        ("requeue", State.IGNORED, State.QUEUED),
        ("requeue", State.DOWNLOADING, State.DOWNLOADING),
        ("cancel", State.QUEUED, State.CANCELED),
        ("cancel", State.DONE, State.DONE),
        ("accept-gap", State.NEEDS_ATTENTION, State.QUEUED),
        ("accept-gap", State.QUEUED, State.QUEUED),
    ],
)
def test_a_button_does_what_it_says(operator: Client, action: str, before: State, after: State) -> None:
    vod = one(before)
    answer = operator.post(f"{vod.get_absolute_url()}{action}/", follow=True)
    assert answer.status_code == 200
    assert Vod.objects.get(pk=vod.pk).state == after
    kind = "warning" if before == after else "success"
    assert f'class="notice {kind}"' in answer.content.decode()


def test_the_upload_can_be_switched_off_and_on(operator: Client) -> None:
    vod = one(State.QUEUED)
    for skip in ("1", "0"):
        operator.post(f"{vod.get_absolute_url()}skip-upload/", {"skip": skip})
        assert Vod.objects.get(pk=vod.pk).skip_upload is (skip == "1")


@pytest.mark.parametrize(
    ("stage", "after", "redo"),
    [
        ("download", State.QUEUED, Redo.NOTHING),
        ("verify", State.QUEUED, Redo.VERIFY),
        ("upload", State.DOWNLOADED, Redo.UPLOAD),
    ],
)
def test_a_single_stage_is_done_again(
    operator: Client, media: Path, settings: Settings, stage: str, after: State, redo: Redo
) -> None:
    settings.YOUTUBE_UPLOAD_ENABLED, settings.YOUTUBE_UPLOAD_OWNERSHIP = True, "self"
    vod = one(State.DONE)
    vod.youtube_id = "dQw4w9WgXcQ"
    page_cast.with_file(vod, media, b"video")
    assert f'value="{stage}" id="stage-{stage}"' in operator.get(vod.get_absolute_url()).content.decode()
    operator.post(f"{vod.get_absolute_url()}requeue/", {"stage": stage})
    vod.refresh_from_db()
    assert (vod.state, vod.redo) == (after, redo)
    assert LogEntry.objects.get().object_id == str(vod.pk)


@pytest.mark.parametrize("stage", ["verify", "upload"])
def test_a_stage_that_needs_a_file_is_neither_offered_nor_done_without_one(operator: Client, stage: str) -> None:
    vod = one(State.DONE)
    assert f'id="stage-{stage}"' not in operator.get(vod.get_absolute_url()).content.decode()
    answer = operator.post(f"{vod.get_absolute_url()}requeue/", {"stage": stage}, follow=True)
    assert "has no file here" in answer.content.decode()
    assert Vod.objects.get(pk=vod.pk).state == State.DONE


def test_a_stage_that_nobody_knows_is_refused(operator: Client) -> None:
    assert operator.post(f"{one(State.DONE).get_absolute_url()}requeue/", {"stage": "x"}).status_code == 400


def test_a_cancel_keeps_what_is_downloaded_when_asked(operator: Client) -> None:
    vod = one(State.DOWNLOADING)
    assert 'name="keep_partial" value="1"' in operator.get(vod.get_absolute_url()).content.decode()
    operator.post(f"{vod.get_absolute_url()}cancel/", {"keep_partial": "1"})
    vod.refresh_from_db()
    assert vod.keep_partial
    assert vod.cancel_requested_at


def test_what_has_nothing_downloaded_offers_the_plain_cancel_alone(operator: Client) -> None:
    text = operator.get(one(State.QUEUED).get_absolute_url()).content.decode()
    assert "keep_partial" not in text
    assert "/cancel/" in text


@pytest.mark.parametrize(("asked", "set_to"), [("1", 1), ("-3", -3), ("99999999999", 1000)])
def test_the_priority_is_set(operator: Client, asked: str, set_to: int) -> None:
    vod = one(State.QUEUED)
    assert 'name="priority" value="1"' in operator.get(vod.get_absolute_url()).content.decode()
    operator.post(f"{vod.get_absolute_url()}priority/", {"priority": asked})
    assert Vod.objects.get(pk=vod.pk).priority == set_to
    assert f"Priority {set_to}" in operator.get(vod.get_absolute_url()).content.decode()


@pytest.mark.parametrize("asked", ["", "high", "1.5"])
def test_a_priority_that_is_no_number_is_refused(operator: Client, asked: str) -> None:
    assert operator.post(f"{one(State.QUEUED).get_absolute_url()}priority/", {"priority": asked}).status_code == 400


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_button_never_leads_elsewhere(operator: Client, there: str) -> None:
    vod = one(State.FAILED)
    answer = operator.post(f"{vod.get_absolute_url()}requeue/", {"next": there})
    assert answer["Location"] == vod.get_absolute_url()

"""What a page changes: by POST, with the token, by people who may."""

from __future__ import annotations

import page_cast
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now

from vods.models import State, Vod

ACTIONS = ("requeue", "cancel", "accept-gap", "skip-upload")


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


@pytest.mark.parametrize("there", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_button_never_leads_elsewhere(operator: Client, there: str) -> None:
    vod = one(State.FAILED)
    answer = operator.post(f"{vod.get_absolute_url()}requeue/", {"next": there})
    assert answer["Location"] == vod.get_absolute_url()

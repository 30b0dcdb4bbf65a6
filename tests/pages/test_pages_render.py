"""Every page opens, empty and full, with a number of queries that does not grow with the rows."""

from __future__ import annotations

import page_cast
import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, Settings

from tests import cast
from vods.models import Chapter, State, Vod

LOGGED_IN = 2  # session and user
START, LIST, VOD = 16, 2, 4


@pytest.mark.parametrize("count", [0, 4, 60])
def test_the_start_page_reads_the_same_number_of_times_at_any_size(
    operator: Client, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page_cast.fill(now(), count) if count else None
    with django_assert_max_num_queries(LOGGED_IN + START):
        assert operator.get("/").status_code == 200
    with django_assert_max_num_queries(LOGGED_IN + START):
        assert operator.get("/now/").status_code == 200


@pytest.mark.parametrize("count", [4, 60])
def test_list_and_vod_read_the_same_number_of_times_at_any_size(
    operator: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    vods = page_cast.fill(now(), count)
    Chapter.objects.bulk_create(Chapter(vod=vods[0], start=at, title="Celeste") for at in range(count))
    with django_assert_num_queries(LOGGED_IN + LIST):
        operator.get("/vods/")
    with django_assert_num_queries(LOGGED_IN + VOD):
        operator.get(vods[0].get_absolute_url())


def test_an_empty_start_page_explains_the_first_steps(operator: Client) -> None:
    text = operator.get("/").content.decode()
    assert "Three steps to the first archived VOD" in text


def test_the_start_page_says_what_runs_waits_and_needs_a_person(operator: Client) -> None:
    vods = page_cast.fill(now())
    text = operator.get("/").content.decode()
    at_work, troubled = vods[0], vods[6]
    assert at_work.title in text
    assert f'<progress value="{at_work.percent}"' in text
    assert troubled.error in text
    assert f'formaction="/vods/{troubled.twitch_id}/accept-gap/"' in text


def test_a_broadcast_that_still_runs_does_not_count_as_waiting(operator: Client) -> None:
    cast.vod(title="Long over"), cast.vod(title="Still on air", live=True)
    page = operator.get("/").content.decode()
    assert "Long over" in page
    assert "Still on air" not in page


def test_live_parts_hold_no_token_so_that_equal_answers_are_equal(operator: Client) -> None:
    vods = page_cast.fill(now())
    for address in ("/now/", f"{vods[0].get_absolute_url()}live/"):
        assert "csrfmiddlewaretoken" not in operator.get(address).content.decode()


@pytest.mark.parametrize("state", list(State))
def test_a_vod_has_a_page_in_every_state(operator: Client, state: State) -> None:
    vod = page_cast.vod(page_cast.channels(now())[0], 1, state, now())
    assert operator.get(vod.get_absolute_url()).status_code == 200


def test_missing_settings_are_named_on_every_page(operator: Client, settings: Settings) -> None:
    settings.TWITCH_CLIENT_ID = ""
    assert "TWITCH_CLIENT_ID" in operator.get("/vods/").content.decode()


@pytest.mark.parametrize("address", ["/vods/123/", "/vods/abc/", "/vods/1/video.mp4", "/vods/1/chat/", "/nothing/"])
def test_what_is_not_there_is_not_found(operator: Client, address: str) -> None:
    assert operator.get(address).status_code == 404


@pytest.mark.parametrize(
    "address",
    ["/", "/now/", "/vods/", "/vods/1/", "/vods/1/live/", "/vods/1/video.mp4", "/vods/1/chat/", "/chat/live/"],
)
def test_everything_is_behind_the_login(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


@pytest.mark.parametrize("address", ["/accounts/login/", "/accounts/signup/"])
def test_the_doors_open_without_a_sign_up(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 200
    assert "/accounts/signup/" not in answer.content.decode()


def test_logging_out_needs_a_post(operator: Client) -> None:
    operator.get("/accounts/logout/")
    assert operator.get("/").status_code == 200
    operator.post("/accounts/logout/")
    assert operator.get("/").status_code == 302


def test_the_password_page_opens(operator: Client) -> None:
    """An account without a password (made by a command) is led to setting one."""
    assert operator.get("/accounts/password/change/", follow=True).status_code == 200
    user = User.objects.get()
    user.set_password("lighthouse-7")
    user.save()
    operator.force_login(user)
    assert operator.get("/accounts/password/change/").status_code == 200


def test_an_attempt_shows_its_log_when_asked(operator: Client) -> None:
    vod = page_cast.fill(now(), 8)[7]
    log = f"{vod.get_absolute_url()}attempts/{vod.tries.get().pk}/log/"
    assert "All segments are there" not in operator.get(vod.get_absolute_url()).content.decode()
    assert operator.get(log)["Content-Type"].startswith("text/plain")
    assert '<pre class="log"' in operator.get(log, headers={"HX-Request": "true"}).content.decode()
    assert operator.get(f"/vods/999/attempts/{vod.tries.get().pk}/log/").status_code == 404


def test_gaps_and_muted_stretches_lead_to_their_moment(operator: Client) -> None:
    vod = page_cast.fill(now(), 8)[7]
    Vod.objects.filter(pk=vod.pk).update(
        gaps=[{"start": 4120.0, "duration": 10.0}], muted=[{"start": 61.5, "duration": 180.0}]
    )
    text = operator.get(vod.get_absolute_url()).content.decode()
    assert '<a href="?t=4120" data-seek="4120" id="gap-1">1:08:40</a>' in text
    assert '<a href="?t=62" data-seek="62" id="muted-1">1:02</a>' in text


def test_a_moment_can_be_shared(operator: Client, media: object) -> None:
    vod = page_cast.fill(now(), 8)[7]
    page_cast.with_file(vod, media, b"video")  # type: ignore[arg-type]
    assert "video.mp4#t=90" in operator.get(f"{vod.get_absolute_url()}?t=90").content.decode()
    assert "#t=" not in operator.get(f"{vod.get_absolute_url()}?t=1e9<x>").content.decode()
    assert Vod.objects.get(pk=vod.pk).state == State.DONE

"""UPLOAD_DAILY_LIMIT and BACKFILL_UPLOAD_DAILY_LIMIT: real uploads of the last 24 hours, and never a download."""

from __future__ import annotations

import importlib
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, Settings

from oauth.crypto import seal
from oauth.models import Provider, Token
from tests import cast
from vods import attempts, dailylimits, leasing, outcome, picking
from vods.attempts import LineKeeper
from vods.leasing import Stage
from vods.models import Attempt, State, Vod

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def two_a_day(settings: Settings) -> None:
    settings.UPLOAD_DAILY_LIMIT, settings.BACKFILL_UPLOAD_DAILY_LIMIT = 2, 1


def uploaded(hours_ago: float, *, step: str = "upload", outcome: str = "succeeded", **fields: Any) -> Attempt:
    then = now() - timedelta(hours=hours_ago)
    vod = cast.vod(State.DONE, youtube_id="abc", **fields)
    return Attempt.objects.create(vod=vod, step=step, outcome=outcome, started_at=then, ended_at=then)


def waiting(**fields: Any) -> Vod:
    return cast.vod(State.DOWNLOADED, file_path="x.mp4", **fields)


def claimed(stage: Stage = Stage.UPLOAD) -> str:
    """The VOD that the next claim takes; empty when it takes none."""
    lease = leasing.claim(stage, limit=9, channels=[cast.pia().pk])
    return lease.vod.twitch_id if lease else ""


def test_so_many_begin_and_no_more() -> None:
    first, second, _ = waiting(), waiting(), waiting()
    assert [claimed() for _ in range(3)] == [first.twitch_id, second.twitch_id, ""]


def test_only_uploads_that_succeeded_in_the_last_24_hours_count() -> None:
    uploaded(1), uploaded(24.1), uploaded(2, outcome="failed"), uploaded(3, step="download")
    assert dailylimits.full() is None
    uploaded(23.9)
    assert dailylimits.full() is not None


def test_an_upload_that_ends_counts_from_its_own_row() -> None:
    waiting(), waiting(), waiting()
    for _ in range(2):
        lease = leasing.claim(Stage.UPLOAD, limit=9, channels=[cast.pia().pk])
        assert lease is not None
        outcome.uploaded(outcome.Done(lease, attempts.begin(lease), LineKeeper("x")), "abc")
    assert claimed() == ""
    Attempt.objects.update(ended_at=now() - timedelta(hours=25))
    assert claimed() != ""


def test_downloads_go_on() -> None:
    uploaded(1), uploaded(1)
    vod = cast.vod()
    assert claimed(Stage.DOWNLOAD) == vod.twitch_id


def test_older_vods_have_a_limit_of_their_own_and_new_ones_pass_them() -> None:
    uploaded(1, backlog=True)
    waiting(backlog=True)
    new = waiting()
    assert [claimed(), claimed()] == [new.twitch_id, ""]


def test_an_upload_whose_worker_died_has_its_place_already() -> None:
    past = now() - timedelta(minutes=5)
    dead = cast.vod(State.UPLOADING, lease_owner="elsewhere|x|1|1", lease_until=past, file_path="x.mp4", backlog=True)
    uploaded(1, backlog=True), uploaded(1)
    assert claimed() == dead.twitch_id


def test_0_means_no_limit(settings: Settings, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    settings.UPLOAD_DAILY_LIMIT = settings.BACKFILL_UPLOAD_DAILY_LIMIT = 0
    with django_assert_num_queries(0):
        assert dailylimits.sql(Stage.UPLOAD) == ""


def test_no_task_is_queued_for_what_waits() -> None:
    waiting(), waiting(), waiting()
    uploaded(1), uploaded(2)
    assert picking.claimable(Stage.UPLOAD, [cast.pia().pk], 9) == 0


def test_it_goes_on_when_the_oldest_that_counts_is_a_day_old() -> None:
    uploaded(1)
    second = uploaded(5)
    uploaded(30)
    full = dailylimits.full()
    assert full is not None
    assert full.until == second.ended_at + timedelta(hours=24)


def test_while_those_at_work_fill_it_it_goes_on_after_them() -> None:
    waiting(), waiting()
    claimed(), claimed()
    full = dailylimits.full()
    assert full is not None
    assert full.until is None
    assert str(full).endswith("it goes on when one that runs has ended.")


def test_known_vods_are_told_apart_when_the_database_is_brought_up_to_date() -> None:
    added = cast.pia().created_at
    before, after = cast.vod(started_at=added - timedelta(hours=1)), cast.vod(started_at=added + timedelta(hours=1))
    importlib.import_module("vods.migrations.0008_daily_limits").tell_the_backlog(apps, None)
    assert list(Vod.objects.filter(backlog=True)) == [before]
    assert after.backlog is False


@pytest.fixture
def operator(client: Client, admin_user: Any, settings: Settings) -> Client:
    settings.YOUTUBE_UPLOAD_ENABLED, settings.YOUTUBE_UPLOAD_OWNERSHIP = True, "self"
    Token.objects.create(provider=Provider.YOUTUBE, access_token=seal("a"), refresh_token=seal("r"))
    client.force_login(admin_user)
    return client


def test_the_page_of_a_vod_that_waits_says_why_and_until_when(operator: Client) -> None:
    uploaded(1), uploaded(2)
    vod = waiting()
    page = operator.get(vod.get_absolute_url()).content.decode()
    assert "The daily limit of uploads is used up (2 in 24 hours, UPLOAD_DAILY_LIMIT): it goes on at " in page


def test_the_page_of_an_older_vod_names_its_own_limit(operator: Client) -> None:
    uploaded(1, backlog=True)
    page = operator.get(waiting(backlog=True).get_absolute_url()).content.decode()
    assert "The daily limit of uploads of older VODs is used up (1 in 24 hours, BACKFILL_UPLOAD_DAILY_LIMIT)" in page
    assert "is used up" not in operator.get(waiting().get_absolute_url()).content.decode()


def test_the_start_page_says_it_while_something_waits(operator: Client) -> None:
    uploaded(1), uploaded(2)
    assert "wait for their daily limit" not in operator.get("/").content.decode()
    waiting()
    page = operator.get("/").content.decode()
    assert "wait for their daily limit" in page
    assert "in 22\u00a0h" in page

"""What a person may ask: requeue, cancel, accept the gap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ

from tests import cast
from vods import queue
from vods.models import PENDING, WORKING, State, Vod
from vods.owner import host_name

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("state", [s for s in State if s not in {*WORKING, State.DOWNLOADED}])
def test_requeue_starts_anew_with_no_tries_charged(state: State) -> None:
    vod = cast.vod(state, attempts=3, error="It broke.", error_kind="transient")
    assert queue.requeue([vod.pk]) == 1
    vod.refresh_from_db()
    assert (vod.attempts, vod.error, vod.not_before) == (0, "", None)
    assert vod.state == State.QUEUED


@pytest.mark.parametrize("state", sorted(WORKING))
def test_what_is_at_work_is_left_alone(state: State) -> None:
    vod = cast.vod(state)
    assert queue.requeue([vod.pk]) == 0
    vod.refresh_from_db()
    assert vod.state == state


@pytest.mark.parametrize("state", [State.FAILED, State.NEEDS_ATTENTION, State.CANCELED])
def test_with_a_file_requeue_goes_on_with_the_upload(state: State, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_DIR = tmp_path
    (tmp_path / "1.mp4").write_bytes(b"video")
    vod = cast.vod(state, file_path="1.mp4", file_host=host_name(), upload_session="kept")
    queue.requeue([vod.pk])
    vod.refresh_from_db()
    assert (vod.state, vod.upload_session) == (State.DOWNLOADED, "kept")


def test_when_the_file_is_gone_requeue_downloads_again(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_DIR = tmp_path
    vod = cast.vod(State.NEEDS_ATTENTION, file_path="1.mp4", file_host=host_name(), upload_session="of the old file")
    queue.requeue([vod.pk])
    vod.refresh_from_db()
    assert (vod.state, vod.upload_session) == (State.QUEUED, "")


def test_a_requeue_wakes_a_worker(django_capture_on_commit_callbacks: object) -> None:
    vod = cast.vod(State.NEEDS_ATTENTION)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        queue.requeue([vod.pk])
    assert OrmQ.objects.filter(key="media").count() == 1


@pytest.mark.parametrize("state", sorted(PENDING - WORKING))
def test_cancel_stops_what_waits_at_once(state: State) -> None:
    vod = cast.vod(state)
    assert queue.cancel([vod.pk]) == 1
    vod.refresh_from_db()
    assert vod.state == State.CANCELED


@pytest.mark.parametrize("state", sorted(WORKING))
def test_cancel_marks_what_is_at_work(state: State) -> None:
    vod = cast.vod(state)
    assert queue.cancel([vod.pk]) == 1
    assert queue.cancel([vod.pk]) == 0
    vod.refresh_from_db()
    assert vod.state == state
    assert vod.cancel_requested_at is not None


@pytest.mark.parametrize("state", [State.DONE, State.SKIPPED, State.IGNORED, State.NEEDS_ATTENTION, State.CANCELED])
def test_cancel_leaves_what_has_ended(state: State) -> None:
    vod = cast.vod(state)
    assert queue.cancel([vod.pk]) == 0


def test_a_gap_is_accepted_only_where_there_is_one() -> None:
    missing = cast.vod(State.NEEDS_ATTENTION, error_kind="missing_segment")
    other = cast.vod(State.NEEDS_ATTENTION, error_kind="invalid")
    assert queue.accept_gap([missing.pk, other.pk]) == 1
    assert list(Vod.objects.filter(accept_gap=True)) == [missing]

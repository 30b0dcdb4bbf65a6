"""vod_download_bytes_total and vod_upload_bytes_total: what attempts moved, each byte once, as their rows say it."""

from __future__ import annotations

import pytest
from django.db.models import Sum

from tests import cast
from vods import attempts, leasing, outcome
from vods.attempts import LineKeeper
from vods.leasing import Lease, Stage
from vods.models import Attempt, State, Vod
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db


def begun(stage: Stage = Stage.DOWNLOAD) -> outcome.Done:
    """A try of the only VOD, claimed and begun."""
    lease = leasing.claim(stage, limit=1, channels=[cast.pia().pk])
    assert lease is not None
    return outcome.Done(lease, attempts.begin(lease), LineKeeper("x"))


def counted(name: str = "vod_download_bytes") -> float:
    return store.values([name]).get((name, "[]", "value"), 0.0)


def in_the_table(step: str = "download") -> int:
    return Attempt.objects.filter(step=step).aggregate(moved=Sum("bytes"))["moved"] or 0


def told(lease: Lease) -> None:
    """As the heartbeat writes it."""
    lease._heartbeat(extend=False)


def broken() -> ServiceError:
    return ServiceError("Twitch", ErrorKind.TRANSIENT, "It broke.")


def drained(done: outcome.Done) -> None:
    done.lease.why = "drained"
    outcome.stopped(done)


def test_a_resumed_download_counts_what_it_adds() -> None:
    cast.vod()
    first = begun()
    for size in (0, 40, 100):
        first.lease.report(size, 300)
    drained(first)
    assert counted() == in_the_table() == 100
    second = begun()
    for size in (100, 180, 300):
        second.lease.report(size, 300)
    Vod.objects.update(not_before=None)
    outcome.failed(second, broken())
    assert counted() == in_the_table() == 300


def test_what_is_downloaded_anew_counts_anew() -> None:
    cast.vod()
    first = begun()
    first.lease.report(0, None), first.lease.report(70, None)
    outcome.failed(first, broken())
    Vod.objects.update(state=State.QUEUED, not_before=None)
    second = begun()
    second.lease.report(0, None), second.lease.report(70, None)
    drained(second)
    assert counted() == in_the_table() == 140


def test_a_canceled_download_counts() -> None:
    cast.vod()
    done = begun()
    done.lease.report(0, None), done.lease.report(25, None)
    done.lease.why = "canceled"
    outcome.stopped(done)
    assert counted() == in_the_table() == 25


def test_a_chunk_that_has_to_be_sent_again_was_sent_twice() -> None:
    lease = Lease(Stage.UPLOAD, cast.vod(), 1)
    for sent in (0, 16, 20, 16, 32):  # after 20 YouTube says that it has 16
        lease.report(sent, 32)
    assert lease.moved == 16 + 4 + 16
    assert lease.progress == (32, 32)


def test_a_finished_session_sends_nothing() -> None:
    lease = Lease(Stage.UPLOAD, cast.vod(), 1)
    lease.report(32, 32)
    assert lease.moved == 0


def test_an_upload_has_a_counter_of_its_own() -> None:
    cast.vod(State.DOWNLOADED, file_path="x.mp4", file_size=50)
    done = begun(Stage.UPLOAD)
    done.lease.report(0, 50), done.lease.report(50, 50)
    outcome.uploaded(done, "video")
    assert counted("vod_upload_bytes") == in_the_table("upload") == 50
    assert counted() == 0


def test_a_dead_worker_counts_as_far_as_it_told() -> None:
    cast.vod()
    done = begun()
    done.lease.report(0, None), done.lease.report(60, None)
    told(done.lease)
    done.lease.report(90, None)  # and then it is killed
    host, boot, _, started = Vod.objects.get().lease_owner.split("|")
    Vod.objects.update(lease_owner="|".join([host, boot, "4194399", started]))
    assert leasing.take_back_from_the_dead() == 1
    assert counted() == in_the_table() == 60


def test_one_that_lost_its_lease_is_not_counted_again() -> None:
    cast.vod()
    slept = begun()
    slept.lease.report(0, None), slept.lease.report(60, None)
    told(slept.lease)
    leasing.close_lost_attempts(vod_id=slept.lease.vod.pk)  # as the next claim does
    assert counted() == in_the_table() == 60
    outcome.lost(slept)
    assert counted() == in_the_table() == 60
    assert Attempt.objects.get().outcome == Attempt.Outcome.LOST


def test_a_check_of_the_file_moves_nothing() -> None:
    cast.vod(State.QUEUED, redo="verify", file_path="x.mp4", file_size=50)
    done = begun()
    outcome.verified(done)
    assert counted() == in_the_table() == 0

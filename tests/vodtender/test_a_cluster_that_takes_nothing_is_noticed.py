"""The watchdog's eye: a media cluster is stuck when what it took does not begin, and only then."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django_q.models import OrmQ
from django_q.tasks import async_task

from tests import cast
from vods import dispatch, leasing
from vods.models import Channel
from vodtender import broker
from vodtender.watchdog import Watchdog, give_back_tasks

pytestmark = pytest.mark.django_db

MEDIA = dispatch.CLUSTER
PATIENCE = 45


def queue_a_task() -> None:
    async_task("vods.tasks.process_once", "download", cluster=MEDIA)
    OrmQ.objects.update(lock=datetime.now(UTC) - timedelta(seconds=1))


def take() -> int:
    """What a cluster of this host does; the id by which the task is acknowledged."""
    [(pk, _)] = broker.Broker(list_key=MEDIA).dequeue() or []
    return pk


def stuck() -> bool:
    """After it has looked so for longer than it may."""
    watchdog = Watchdog()
    watchdog.stuck(MEDIA, 0.0)
    return watchdog.stuck(MEDIA, PATIENCE + 1.0)


@pytest.fixture(autouse=True)
def patience(settings: Any) -> None:
    settings.WATCHDOG_SECONDS = PATIENCE


def test_a_queue_without_tasks_is_no_sign() -> None:
    assert not stuck()


def test_a_task_that_nobody_takes() -> None:
    queue_a_task()
    assert stuck()


def test_a_task_that_was_taken_and_does_not_begin() -> None:
    queue_a_task()
    take()
    assert stuck()


def test_it_is_borne_with_for_a_while() -> None:
    queue_a_task()
    watchdog = Watchdog()
    assert not watchdog.stuck(MEDIA, 0.0)
    assert not watchdog.stuck(MEDIA, PATIENCE - 1.0)


def test_other_tasks_than_before_are_a_sign_of_life() -> None:
    queue_a_task()
    watchdog = Watchdog()
    watchdog.stuck(MEDIA, 0.0)
    broker.begun({"ack_id": take()})
    queue_a_task()
    assert not watchdog.stuck(MEDIA, PATIENCE + 1.0)


def test_what_began_leaves_nothing_behind_even_if_it_is_killed() -> None:
    queue_a_task()
    broker.begun({"ack_id": take()})
    assert not OrmQ.objects.exists()
    assert not stuck()


def test_what_another_host_took_is_not_this_hosts_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    queue_a_task()
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(broker, "host_name", lambda: "elsewhere")
        take()
    assert not stuck()


def test_while_every_process_here_is_at_work_a_task_may_wait(settings: Any) -> None:
    settings.MEDIA_WORKERS = 1
    cast.vod()
    assert leasing.claim(leasing.Stage.DOWNLOAD, limit=1, channels=list(Channel.objects.values_list("pk", flat=True)))
    queue_a_task()
    take()
    assert not stuck()


def test_after_a_restart_there_is_nothing_to_notice() -> None:
    queue_a_task()
    take()
    give_back_tasks(MEDIA)
    assert not stuck()


def test_tasks_of_other_clusters_keep_their_key() -> None:
    async_task("vods.tasks.discover_newest")
    OrmQ.objects.update(lock=datetime.now(UTC) - timedelta(seconds=1))
    [(pk, _)] = broker.Broker(list_key="default").dequeue() or []
    assert OrmQ.objects.get(pk=pk).key == "default"

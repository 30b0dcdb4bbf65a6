"""The worker's timer stores one row for each quarter of a minute, whoever and however often it is asked."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from tests import cast
from tests.monitor.history_cast import NOW
from vods.models import Circuit
from vodtender.management.commands.worker import Worker
from vodtender.monitor import reporting, sampling
from vodtender.monitor.models import Sample, WebProcess
from vodtender.monitor.sampling import Sampler, key
from vodtender.telemetry import metrics, store
from vodtender.telemetry.store import Count, Observation


@pytest.mark.django_db
def test_a_timer_that_is_asked_often_samples_each_moment_once() -> None:
    sampler = Sampler()
    for tenths in range(0, 600, 5):
        sampler.tick(NOW + tenths / 10)
    assert list(Sample.objects.order_by("at").values_list("at", "kept")) == [
        (NOW, True),
        (NOW + 15, False),
        (NOW + 30, False),
        (NOW + 45, False),
    ]


@pytest.mark.django_db(transaction=True)
def test_of_several_workers_one_takes_the_sample() -> None:
    ready = threading.Barrier(4)

    def work() -> None:
        ready.wait(30)
        Sampler().tick(NOW)
        connection.close()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert Sample.objects.count() == 1


@pytest.mark.django_db
def test_a_sample_holds_what_the_counters_and_gauges_say() -> None:
    cast.vod(channel=cast.pia(circuit_state=Circuit.HALF_OPEN))
    store.record(
        Count(metrics.CHAT_MESSAGES, ("pia",), 40),
        Count(metrics.HELIX_CALLS, ("users", "503")),
        Observation(metrics.DOWNLOAD_DURATION, 61.5),
    )
    reporting.report()
    sampling.take(NOW)
    sample = Sample.objects.get()
    assert (sample.queue_depth, sample.circuit_state) == (1, 1)
    numbers = sample.numbers
    assert numbers.pop(sampling.POOL_SIZE) > 0
    assert numbers == {
        "database_connection_pool_in_use": 0,
        'chat_messages_recorded["pia"]value': 40,
        'helix_api_calls["users","503"]value': 1,
        "vod_download_duration_seconds[]le:300": 1,
    }
    assert key("helix_api_calls", ("users", "503")) in numbers


@pytest.mark.django_db
def test_web_processes_add_up_and_one_that_fell_silent_does_not_count() -> None:
    for name, ago in (("a:1", 0), ("a:2", 5), ("b:1", 300)):
        WebProcess.objects.create(name=name, seen=now() - timedelta(seconds=ago), pool_size=6, pool_in_use=2)
    numbers = sampling.numbers_now()
    assert (numbers[sampling.POOL_SIZE], numbers[sampling.POOL_IN_USE]) == (12, 4)


@pytest.mark.django_db
def test_without_a_web_process_the_pool_is_unknown_not_zero() -> None:
    assert sampling.POOL_SIZE not in sampling.numbers_now()


@pytest.mark.django_db(transaction=True)
def test_a_web_process_reports_by_itself() -> None:
    reporter = reporting.Reporter()
    reporter.start()
    limit = time.monotonic() + 60
    while not WebProcess.objects.exists():
        assert time.monotonic() < limit
        time.sleep(0.01)
    reporter.stop()
    assert not reporter.is_alive()


@pytest.mark.django_db(transaction=True)
def test_the_worker_samples_beside_its_other_work() -> None:
    class UntilSampled(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            return Sample.objects.exists()

    worker = Worker()
    worker._stop = UntilSampled()
    worker._loop()
    assert Sample.objects.count() == 1


@pytest.mark.django_db
def test_a_process_has_one_row_however_often_it_reports() -> None:
    reporting.report()
    reporting.report()
    assert WebProcess.objects.count() == 1

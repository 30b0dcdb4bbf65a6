"""Counters and histograms live in the database, in the transaction of what they count."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from vodtender.telemetry import metrics, store
from vodtender.telemetry.store import Count, Observation


def value(name: str, part: str = "value", *labels: str) -> float:
    return store.values([name]).get((name, store.label_key(labels), part), 0.0)


@pytest.mark.django_db
def test_counts_add_up() -> None:
    store.record(Count(metrics.DOWNLOADS_STARTED), Count(metrics.DOWNLOADS_STARTED, amount=2))
    store.record(Count(metrics.CHAT_MESSAGES, ("pia",), 40))
    assert value("vod_downloads_started") == 3
    assert value("chat_messages_recorded", "value", "pia") == 40


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("seconds", "part"), [(0, "le:60"), (60, "le:60"), (60.1, "le:300"), (7200, "le:7200"), (9e9, "le:+Inf")]
)
def test_an_observation_falls_into_one_bucket(seconds: float, part: str) -> None:
    store.record(Observation(metrics.DOWNLOAD_DURATION, seconds))
    assert value("vod_download_duration_seconds", part) == 1
    assert value("vod_download_duration_seconds", "sum") == seconds


@pytest.mark.django_db
def test_wrong_labels_are_refused() -> None:
    with pytest.raises(ValueError, match="labels"):
        store.record(Count(metrics.CHAT_MESSAGES))


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_is_not_counted() -> None:
    with transaction.atomic():
        store.record(Count(metrics.DOWNLOADS_FAILED))
        transaction.set_rollback(True)
    assert value("vod_downloads_failed") == 0


@pytest.mark.django_db(transaction=True)
def test_nothing_is_lost_between_threads() -> None:
    def count() -> None:
        for _ in range(25):
            store.record(Count(metrics.PROCESSING_CYCLES))
        connection.close()

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert value("vod_processing_cycles") == 100


@pytest.mark.django_db
def test_the_moving_average_starts_at_the_first_value() -> None:
    store.average(metrics.AVG_TOTAL_MS, 1000)
    assert store.averages() == {"avg_total_ms": 1000}
    store.average(metrics.AVG_TOTAL_MS, 2000)
    assert store.averages() == {"avg_total_ms": pytest.approx(1200)}

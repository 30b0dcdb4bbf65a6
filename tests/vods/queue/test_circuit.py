"""After failures in a row nothing new is begun for a while; then one probe decides."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command

from tests import cast
from vods import circuit, eligible, queue
from vods.models import Channel, Circuit, State, Step, Switchboard
from vodtender.http import ErrorKind
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def threshold(settings: Any) -> None:
    settings.CIRCUIT_FAILURE_THRESHOLD, settings.CIRCUIT_OPEN_COOLDOWN = 3, 300


def fail(breaker: Any, times: int, now: datetime = NOW) -> None:
    for _ in range(times):
        store.record(*circuit.failed(breaker, now))


def state(breaker: Any) -> tuple[str, int]:
    breaker.refresh_from_db()
    return breaker.circuit_state, breaker.circuit_failures


def changes() -> dict[str, float]:
    rows = store.values(["circuit_breaker_state_changes"])
    return {labels: value for (_, labels, _), value in rows.items()}


def test_it_opens_at_the_threshold() -> None:
    pia = cast.pia()
    fail(pia, 2)
    assert state(pia) == (Circuit.CLOSED, 2)
    fail(pia, 1)
    assert state(pia) == (Circuit.OPEN, 3)
    assert pia.circuit_open_until == NOW + timedelta(seconds=300)
    assert changes() == {'["closed","open"]': 1}
    assert store.values(["vod_circuit_breaker_failures"])["vod_circuit_breaker_failures", "[]", "value"] == 3


def test_a_success_starts_the_count_again() -> None:
    pia = cast.pia()
    fail(pia, 2)
    circuit.succeeded(pia)
    fail(pia, 2)
    assert state(pia) == (Circuit.CLOSED, 2)
    assert changes() == {}


def test_while_open_nothing_of_the_channel_is_taken_up() -> None:
    pia, mia = cast.pia(), Channel.objects.create(login="mia")
    fail(pia, 3, datetime.now(UTC))
    assert eligible.channels(Step.DOWNLOAD) == [mia.pk]


def test_after_the_cooldown_one_probe_is_let_through() -> None:
    pia = cast.pia()
    fail(pia, 3, datetime.now(UTC) - timedelta(seconds=301))
    assert eligible.channels(Step.DOWNLOAD) == [pia.pk]
    assert state(pia)[0] == Circuit.HALF_OPEN
    cast.vod(State.DOWNLOADING)
    assert eligible.channels(Step.DOWNLOAD) == []


def test_a_probe_that_fails_opens_it_again_and_one_that_succeeds_closes_it() -> None:
    pia = cast.pia()
    fail(pia, 3)
    circuit.let_probe(pia, NOW + timedelta(seconds=300))
    fail(pia, 1)
    assert state(pia)[0] == Circuit.OPEN
    circuit.let_probe(pia, NOW + timedelta(seconds=600))
    store.record(*circuit.succeeded(pia))
    assert state(pia) == (Circuit.CLOSED, 0)
    assert changes() == {
        '["closed","open"]': 1,
        '["open","half_open"]': 2,
        '["half_open","open"]': 1,
        '["half_open","closed"]': 1,
    }


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_only_what_blames_the_service_counts(kind: ErrorKind) -> None:
    assert circuit.counts(kind) == (kind in {ErrorKind.TRANSIENT, ErrorKind.RATE_LIMITED, ErrorKind.OUTDATED_YTDLP})


def test_uploads_have_a_breaker_of_their_own() -> None:
    pia = cast.pia()
    board = Switchboard.objects.create(pk=1)
    fail(board, 3)
    assert state(board)[0] == Circuit.OPEN
    assert state(pia)[0] == Circuit.CLOSED


def test_it_is_reset_by_hand(capsys: pytest.CaptureFixture[str]) -> None:
    pia = cast.pia()
    fail(pia, 3)
    call_command("resetcircuit", "pia")
    assert state(pia) == (Circuit.CLOSED, 0)
    assert capsys.readouterr().out == "1 reset.\n"


def test_pauses_hold_back_a_channel_or_everything() -> None:
    pia, mia = cast.pia(), Channel.objects.create(login="mia")
    queue.pause(paused=True, channels=Channel.objects.filter(login="pia"))
    assert eligible.channels(Step.DOWNLOAD) == [mia.pk]
    queue.pause(paused=True)
    assert eligible.channels(Step.DOWNLOAD) == []
    call_command("resume", "all", "pia")
    assert set(eligible.channels(Step.DOWNLOAD)) == {pia.pk, mia.pk}

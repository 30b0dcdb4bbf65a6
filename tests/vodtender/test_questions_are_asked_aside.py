"""The threads that ask the database beside the requests: begun by a question, ended by silence, never piling up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import OperationalError

from tests import cast
from vods.models import Channel
from vodtender import aside
from vodtender.aside import Aside, Away, Probe

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def probes_look_in_the_tests_own_thread() -> None:
    """Here the real threads run."""


@pytest.fixture(autouse=True)
def brief(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(aside, "IDLE_SECONDS", 0.1)
    yield
    eventually(lambda: not running())


def running() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("tested-")]


def eventually(condition: Callable[[], Any]) -> None:
    limit = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < limit
        time.sleep(0.02)


class Stuck:
    """A job that hangs until `free` is set."""

    def __init__(self) -> None:
        self.begun, self.free = threading.Event(), threading.Event()

    def __call__(self) -> str:
        self.begun.set()
        assert self.free.wait(30)
        return "done"


def test_a_thread_begins_with_a_question_and_ends_when_nobody_asks() -> None:
    cast.pia()
    reader = Aside("tested-reader")
    assert not running()
    for _ in range(2):
        assert reader.ask(Channel.objects.count).result(30) == 1
        assert running()
        eventually(lambda: not running())


def test_what_hangs_holds_up_no_more_than_a_few() -> None:
    reader, stuck = Aside("tested-reader"), Stuck()
    first = reader.ask(stuck)
    assert stuck.begun.wait(30)
    again = [reader.ask(stuck) for _ in range(5)]
    assert len({id(future) for future in again}) == 1  # asked once more, however often
    for _ in range(aside.MOST_WAITING - 1):
        reader.ask(lambda: None)
    with pytest.raises(Away):
        reader.ask(lambda: None)
    stuck.free.set()
    assert first.result(30) == again[0].result(30) == "done"


def test_an_error_is_the_askers_and_the_thread_goes_on() -> None:
    reader = Aside("tested-reader")
    with pytest.raises(ZeroDivisionError):
        reader.ask(lambda: 1 // 0).result(30)
    assert reader.ask(lambda: "still here").result(30) == "still here"


def test_a_look_is_of_now_or_the_last_one_while_it_is_young(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Probe, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(aside, "IDLE_SECONDS", 1.0)
    stuck = Stuck()
    looks: Iterator[Callable[[], str]] = iter([lambda: "well", stuck])

    def look() -> str:
        return next(looks, lambda: "well again")()

    probe = Probe("tested-probe", look, "blind")
    assert probe.latest() == ("well", True)
    monkeypatch.setattr(Probe, "STALE_SECONDS", 60.0)
    assert probe.latest() == ("well", False)
    monkeypatch.setattr(Probe, "STALE_SECONDS", 0.0)
    assert probe.latest() == ("blind", False)
    stuck.free.set()
    monkeypatch.setattr(Probe, "STALE_SECONDS", 60.0)
    eventually(lambda: probe.latest() == ("well again", True))


def test_a_look_that_fails_is_blind_at_once() -> None:
    def look() -> str:
        raise OperationalError("gone")

    probe = Probe("tested-probe", look, "blind")
    assert probe.latest() == ("blind", True)

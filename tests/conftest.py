"""How the tests are shared among processes, and what none of them may leave behind."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from vodtender import aside, gauges

JOURNEYS = "tests/journey/"


class OneJourneyAtATime(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file run in one process, in order; all journeys in one, because each takes the whole machine."""

    def _split_scope(self, nodeid: str) -> str:
        return JOURNEYS if nodeid.startswith(JOURNEYS) else nodeid.split("::", 1)[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    config.option.loadscopereorder = False
    return OneJourneyAtATime(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Journeys first: they mostly wait, and at the end nobody could do something else meanwhile."""
    items.sort(key=lambda item: not item.nodeid.startswith(JOURNEYS))


@pytest.fixture(autouse=True)
def probes_look_in_the_tests_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test's rows are in its own transaction, which no other thread sees. Real processes have the real threads."""

    def ask(self: aside.Aside, job: Callable[[], Any]) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(job())
        except Exception as error:  # noqa: BLE001 - as the thread does
            self.failed()
            future.set_exception(error)
        return future

    monkeypatch.setattr(aside.Aside, "ask", ask)
    monkeypatch.setattr(aside.Probe, "FRESH_SECONDS", 0.0)
    monkeypatch.setattr(gauges.Spaced, "quick", float("inf"))

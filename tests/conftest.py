"""How the tests are shared among processes."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

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

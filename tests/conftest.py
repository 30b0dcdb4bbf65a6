"""How the tests are shared among processes."""

from __future__ import annotations

from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling


class OneJourneyAtATime(LoadScopeScheduling):  # type: ignore[misc]
    """The tests of a file run in one process, in order; all journeys in one, because each takes the whole machine."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0]
        return "journeys" if file.startswith("tests/journey/") else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    return OneJourneyAtATime(config, log)

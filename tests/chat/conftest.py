"""What is made once for all tests of chat."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chat.process import Installation, migrated


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return migrated(tmp_path_factory.mktemp("migrated"))


@pytest.fixture
def installation(tmp_path: Path, migrated_database: Path) -> Installation:
    """A fresh data folder for real processes."""
    return Installation(tmp_path / "data", migrated_database)

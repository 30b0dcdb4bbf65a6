"""What is made once for all tests of chat."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chat.process import Installation, migrated
from tests.databases import Database


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = migrated(tmp_path_factory.mktemp("migrated"))
    yield database
    database.drop()


@pytest.fixture
def installation(tmp_path: Path, migrated_database: Database) -> Iterator[Installation]:
    """A fresh data folder for real processes."""
    one = Installation(tmp_path / "data", migrated_database)
    yield one
    one.database.drop()

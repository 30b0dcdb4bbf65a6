from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from simulator.running import Handle, running
from tests.outside import clean, point_at


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    with running(tmp_path_factory.mktemp("simulator"), "--broadcast-seconds", "100000") as handle:
        yield handle


@pytest.fixture(autouse=True)
def _own_key_and_folder(settings: Any, tmp_path: Path) -> None:
    settings.ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.DATA_DIR = tmp_path
    settings.MEDIA_DIR = tmp_path / "media"


@pytest.fixture
def simulator(simulator_process: Handle, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Handle:
    """Twitch and YouTube of this test, without any trouble set; its demo channel is live throughout."""
    clean(simulator_process)
    point_at(simulator_process, settings, monkeypatch)
    return simulator_process

"""What is carried over from the journal into the database while a backup is made is in the backup."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.chat.process import Installation
from tests.databases import ON_POSTGRESQL
from vodtender.backup import make

pytestmark = pytest.mark.skipif(ON_POSTGRESQL, reason="the order is the same there; this carries over by hand")


def test_it_is_in_the_one_or_the_other(
    product: Installation, settings: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(settings.DATABASES["default"], "NAME", product.database.path)
    settings.DATA_DIR = product.folder
    segment = product.folder / "chat" / "journal" / "000000000001.log"
    segment.parent.mkdir(parents=True)
    segment.write_bytes(b"1 < line\n")

    def carry_over() -> None:
        """As the recorder does: the commit, then the journal is cut off."""
        if segment.exists():
            product.query("UPDATE vods_channel SET problem = 'line'")
            segment.unlink()

    def then_carried_over(step: Callable[[Path], Any]) -> Callable[[Path], Any]:
        def both(folder: Path) -> Any:
            result = step(folder)
            carry_over()
            return result

        return both

    for name in ("_copy_chat", "_copy_database"):
        monkeypatch.setattr(make, name, then_carried_over(getattr(make, name)))
    backup = make.make(tmp_path / "backups").folder
    with closing(sqlite3.connect(backup / "database.sqlite3")) as database:
        stored = database.execute("SELECT problem FROM vods_channel").fetchall() == [("line",)]
    kept = (backup / "chat/journal/000000000001.log").is_file()
    assert stored or kept
    assert not segment.exists()

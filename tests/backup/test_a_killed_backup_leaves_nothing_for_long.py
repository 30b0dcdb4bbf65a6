"""What a killed backup leaves is no backup by its name, and the next one removes it, but never that of a living one."""

from __future__ import annotations

from pathlib import Path

import pytest

from vodtender.backup.make import _locked, _partial


def test_the_next_one_removes_it(tmp_path: Path) -> None:
    left = tmp_path / ".vod-tender-20261101T200000Z.partial"
    (left / "chat").mkdir(parents=True)
    living = tmp_path / ".vod-tender-20261101T210000Z.partial"
    living.mkdir()
    with _locked(living), _partial(tmp_path, "vod-tender-now") as folder:
        assert sorted(tmp_path.iterdir()) == [living, folder]
    assert list(tmp_path.iterdir()) == [living]


def test_one_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fail() -> None:
        with _partial(tmp_path, "vod-tender-now") as folder:
            (folder / "database.sqlite3").write_bytes(b"half")
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert not list(tmp_path.iterdir())

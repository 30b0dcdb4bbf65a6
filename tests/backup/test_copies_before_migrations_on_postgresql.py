"""On PostgreSQL a migration is preceded by a dump where a fitting pg_dump is, and by a warning where it is not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.chat.process import ROOT, Installation
from tests.databases import ON_POSTGRESQL
from vodtender.backup import postgres

MIGRATE = "from vodtender import migrating; migrating.migrate()"
only_on_postgresql = pytest.mark.skipif(not ON_POSTGRESQL, reason="SQLite's is in test_migrating.py")


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def migrate_again(one: Installation) -> str:
    """One migration is taken for missing that changes nothing; what was said."""
    one.query("DELETE FROM django_migrations WHERE app = 'auth' AND name LIKE ?", "0012%")
    command = [sys.executable, "manage.py", "shell", "-v0", "-c", MIGRATE]
    done = subprocess.run(command, cwd=ROOT, env=one.environment, capture_output=True, text=True, check=True)
    return done.stderr


@only_on_postgresql
def test_a_dump_is_made_first(product: Installation) -> None:
    said = migrate_again(product)
    [dump] = (product.folder / "backups").iterdir()
    assert f"was copied to {dump}" in said
    assert dump.stat().st_mode & 0o777 == 0o600
    assert dump.read_bytes().startswith(b"PGDMP")


@only_on_postgresql
@pytest.mark.django_db
def test_an_old_pg_dump_is_not_used_and_it_is_said_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = script(tmp_path / "pg_dump", "echo 'pg_dump (PostgreSQL) 9.6.24'")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    with pytest.raises(postgres.ProgramMissing) as refused:
        postgres.find_program("pg_dump")
    assert f"{old} is of version 9" in str(refused.value)
    assert "apt install postgresql-client-" in str(refused.value)
    with pytest.raises(postgres.ProgramMissing):
        postgres.dump(tmp_path / "dump")
    assert not (tmp_path / "dump").exists()


@only_on_postgresql
@pytest.mark.django_db
def test_the_nearest_newer_version_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "DEBIAN", tmp_path)
    monkeypatch.setenv("PATH", "")
    for version in (7, 98, 99):
        (tmp_path / f"{version}" / "bin").mkdir(parents=True)
        script(tmp_path / f"{version}" / "bin" / "pg_dump", f"echo 'pg_dump (PostgreSQL) {version}.1'")
    assert postgres.find_program("pg_dump") == tmp_path / "98" / "bin" / "pg_dump"

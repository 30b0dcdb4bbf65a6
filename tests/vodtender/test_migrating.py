"""`up` brings the database up to date, and copies it first where there is something to lose."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MIGRATE = "import django; django.setup(); from vodtender import migrating; migrating.migrate()"


def run(tmp_path: Path, *words: str) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    subprocess.run([sys.executable, *words], cwd=ROOT, env=environment, check=True, capture_output=True)


def backups(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "backups").glob("*.sqlite3"))


def test_a_new_database_is_made_and_needs_no_copy(tmp_path: Path) -> None:
    run(tmp_path, "-c", MIGRATE)
    assert (tmp_path / "vodtender.sqlite3").stat().st_mode & 0o777 == 0o600
    assert not backups(tmp_path)


def test_an_older_one_is_copied_first(tmp_path: Path) -> None:
    run(tmp_path, "manage.py", "migrate", "-v0", "vods", "0001")
    with sqlite3.connect(tmp_path / "vodtender.sqlite3") as database:
        sql = (
            "INSERT INTO vods_channel (login, twitch_user_id, display_name, profile_image_url, archive, record_chat, "
            "upload, priority, catalogue_cursor, problem, live_stream_id, circuit_state, circuit_failures, created_at) "
            "VALUES ('pia', '', '', '', 1, 1, 1, 0, '', '', '', 'closed', 0, '2026-11-01 20:00:00')"
        )
        database.execute(sql)
    run(tmp_path, "-c", MIGRATE)
    [copy] = backups(tmp_path)
    assert copy.stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(copy) as before, sqlite3.connect(tmp_path / "vodtender.sqlite3") as after:
        for database in (before, after):
            assert database.execute("SELECT login FROM vods_channel").fetchall() == [("pia",)]
        applied = "SELECT count(*) FROM django_migrations WHERE app = 'vods'"
        assert before.execute(applied).fetchone()[0] < after.execute(applied).fetchone()[0]
    run(tmp_path, "-c", MIGRATE)
    assert backups(tmp_path) == [copy]

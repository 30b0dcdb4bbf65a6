"""The recorder as a real process on a data folder of its own, and what its database holds."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parents[2]


def migrated(folder: Path) -> Path:
    """A migrated, empty database in the folder."""
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=_environment(folder), check=True)
    database = folder / "vodtender.sqlite3"
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return database


def _environment(folder: Path) -> dict[str, str]:
    keys = {"SECRET_KEY": "only-for-the-tests", "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    return {**keys, "PATH": os.environ["PATH"], "DATA_DIR": str(folder)}


class Installation:
    """A data folder with a database. Add to `environment` before a process starts."""

    def __init__(self, folder: Path, database: Path) -> None:
        folder.mkdir()
        shutil.copy(database, folder)
        self.folder = folder
        self.environment = {**_environment(folder), "CHAT_AUTO_POLL_INTERVAL": "1s", "VOD_RECONCILE_DELAY": "1s"}

    def add_channel(self, login: str) -> int:
        facts = {
            "login": login, "twitch_user_id": "", "display_name": "", "profile_image_url": "", "archive": True,
            "record_chat": True, "upload": True, "priority": 0, "catalogue_cursor": "", "problem": "",
            "live_stream_id": "", "circuit_state": "closed", "circuit_failures": 0, "created_at": _now(),
        }  # fmt: skip
        return self._insert("vods_channel", facts)

    def add_running_recording(self, channel_id: int, stream_id: str = "900") -> int:
        facts = {"channel_id": channel_id, "source": "live", "stream_id": stream_id, "started_at": _now()}
        return self._insert("chat_recording", facts | {"created_at": _now()})

    def _insert(self, table: str, facts: dict[str, Any]) -> int:
        places = ", ".join("?" * len(facts))
        sql = f"INSERT INTO {table} ({', '.join(facts)}) VALUES ({places}) RETURNING id"
        ((id_,),) = self.query(sql, *facts.values())
        return int(id_)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.folder / "vodtender.sqlite3", timeout=20)) as database:
            rows = database.execute(sql, values).fetchall()
            database.commit()
            return rows

    def recordings(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.manage("recordings", "--json"))
        return found

    def message_ids(self) -> list[str]:
        return [id_ for (id_,) in self.query("SELECT message_id FROM chat_message ORDER BY id")]

    @contextmanager
    def recorder(self) -> Iterator[subprocess.Popen[bytes]]:
        """`manage.py recordchat`, stopped with SIGTERM at the end of the block if it still runs then."""
        with (self.folder / "recorder.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "manage.py", "recordchat"], cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(5)

    def log(self) -> str:
        return (self.folder / "recorder.log").read_text()


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S.%f}"

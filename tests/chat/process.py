"""The recorder as a real process on a data folder of its own, and what its database holds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet
from django.db.models import Model
from django.utils.timezone import now

from chat.models import Recording
from tests.databases import Database
from vods.models import Channel

ROOT = Path(__file__).resolve().parents[2]


def migrated(folder: Path) -> Database:
    """A migrated, empty database in the folder."""
    database = Database.empty(folder)
    command = [sys.executable, "manage.py", "migrate", "--verbosity=0"]
    subprocess.run(command, cwd=ROOT, env=_environment(database), check=True)
    return database


def _environment(database: Database) -> dict[str, str]:
    keys = {"SECRET_KEY": "only-for-the-tests", "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    return {**keys, "PATH": os.environ["PATH"], "DATA_DIR": str(database.folder), **database.environment}


class Installation:
    """A data folder with a copy of `template` as its database. Add to `environment` before a process starts."""

    def __init__(self, folder: Path, template: Database) -> None:
        folder.mkdir()
        self.folder = folder
        self.database = template.copy(folder)
        self.environment = {**_environment(self.database), "CHAT_AUTO_POLL_INTERVAL": "1s", "VOD_RECONCILE_DELAY": "1s"}

    def add_channel(self, login: str) -> int:
        return self.insert(Channel(login=login, record_chat=True))

    def add_running_recording(self, channel_id: int, stream_id: str = "900") -> int:
        return self.insert(Recording(channel_id=channel_id, source="live", stream_id=stream_id, started_at=now()))

    def insert(self, row: Model) -> int:
        """Without the ORM, whose database is the test's own."""
        fields = [field for field in row._meta.local_concrete_fields if not field.primary_key]
        values = [field.pre_save(row, add=True) for field in fields]
        places = ", ".join("?" * len(fields))
        columns = ", ".join(field.column for field in fields)
        sql = f"INSERT INTO {row._meta.db_table} ({columns}) VALUES ({places}) RETURNING id"
        ((id_,),) = self.query(sql, *map(_as_text, values))
        return int(id_)

    def manage(self, *arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(command, cwd=ROOT, env=self.environment, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def query(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in self.database.query(sql, *values)]

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


def _as_text(value: Any) -> Any:
    """Times and JSON as text; anything else as it is."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S.%f}"
    return json.dumps(value) if isinstance(value, list) else value

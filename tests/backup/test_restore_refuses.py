"""A damaged backup, one that does not fit, and a place that is not empty are refused in words; nothing is changed."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dotenv
import pytest

from tests.chat.process import ROOT, Installation
from tests.databases import ON_POSTGRESQL
from vodtender import VERSION
from vodtender.backup import BackupError, files, manifest
from vodtender.backup.make import _quoted, _secrets


@pytest.fixture
def backup(product: Installation) -> Path:
    journal = product.folder / "chat" / "journal"
    journal.mkdir(parents=True)
    (journal / "000000000001.log").write_bytes(b"1 < :tmi PRIVMSG #pia :hi\n2 < torn")
    return Path(product.manage("backup", "--with-media", "--with-keys").strip())


def refused(one: Installation, *words: str) -> str:
    """What the command says, without a traceback."""
    command = [sys.executable, "manage.py", *words]
    done = subprocess.run(command, cwd=ROOT, env=one.environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


def test_a_backup_is_private_and_whole(backup: Path, product: Installation) -> None:
    found = manifest.read(backup)
    manifest.check_files(backup, found, media=True)
    subprocess.run(["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=backup, check=True, capture_output=True)
    every = [backup, *backup.rglob("*")]
    assert {path.stat().st_mode & 0o777 for path in every if path.is_dir()} == {0o700}
    assert {path.stat().st_mode & 0o777 for path in every if path.is_file()} == {0o600}
    assert {path.relative_to(backup).as_posix() for path in every if path.is_file()} == {
        *found.files,
        "manifest.json",
        "SHA256SUMS",
    }
    assert [(video.vod, video.path) for video in found.videos] == [("2300000000", "pia/2300000000.mp4")]
    assert f"ENCRYPTION_KEY={product.environment['ENCRYPTION_KEY']}\n" in (backup / "keys.env").read_text()
    assert (backup / "chat/journal/000000000001.log").read_bytes().endswith(b"torn")
    assert [path.name for path in backup.parent.iterdir()] == [backup.name]


def test_keys_are_named_and_left_out_unless_asked(product: Installation) -> None:
    product.environment["TWITCH_CLIENT_SECRET"] = "hush-hush"
    backup = Path(product.manage("backup").strip())
    assert manifest.read(backup).keys == ["ENCRYPTION_KEY", "SECRET_KEY", "TWITCH_CLIENT_SECRET"]
    content = b"".join(path.read_bytes() for path in backup.rglob("*") if path.is_file())
    for name in ("ENCRYPTION_KEY", "TWITCH_CLIENT_SECRET"):
        assert product.environment[name].encode() not in content


@pytest.mark.parametrize("name", ["database", "manifest.json", "SHA256SUMS", "chat/journal/000000000001.log"])
@pytest.mark.parametrize("damage", [flip, Path.unlink])
def test_any_damage_is_noticed(shared_backup: Path, tmp_path: Path, name: str, damage: Callable[[Path], None]) -> None:
    folder = tmp_path / "copy"
    subprocess.run(["cp", "-r", str(shared_backup), str(folder)], check=True)
    found = manifest.read(folder)
    damage(folder / (found.database_file if name == "database" else name))
    with pytest.raises(BackupError, match=r"damaged|whole|read"):
        manifest.check_files(folder, manifest.read(folder))
    assert shared_backup.is_dir()


def test_a_manifest_that_leads_out_of_its_folder_is_refused(shared_backup: Path, tmp_path: Path) -> None:
    facts = json.loads((shared_backup / "manifest.json").read_text())
    facts["files"]["media/../../evil"] = {"size": 0, "sha256": ""}
    files.write(tmp_path / "manifest.json", json.dumps(facts).encode())
    files.write(tmp_path / "SHA256SUMS", f"{files.sum_of(tmp_path / 'manifest.json').sha256}  manifest.json\n".encode())
    with pytest.raises(BackupError, match="cannot be understood"):
        manifest.read(tmp_path)


def test_restore_refuses_what_is_damaged_and_what_is_there(
    backup: Path, product: Installation, elsewhere: Installation
) -> None:
    before = product.query("SELECT login FROM vods_channel")
    said = refused(product, "restore", str(backup))
    assert ("is not empty" if ON_POSTGRESQL else "There is a database already") in said
    assert product.query("SELECT login FROM vods_channel") == before
    assert "is no backup" in refused(elsewhere, "restore", str(backup.parent))

    database = backup / manifest.read(backup).database_file
    flip(database)
    assert f"{database.name} is not what it was" in refused(elsewhere, "restore", str(backup))
    flip(database)
    elsewhere.environment["ENCRYPTION_KEY"] = "q" * 43 + "="
    said = elsewhere.manage("restore", str(backup))
    assert "ENCRYPTION_KEY does not fit" in said
    assert "hush" not in said
    assert (elsewhere.folder / "chat/journal/000000000001.log").read_bytes().endswith(b"torn")
    assert elsewhere.query("SELECT login FROM vods_channel") == before
    assert (elsewhere.folder / "media/pia/2300000000.mp4").stat().st_mode & 0o777 == 0o600


def test_a_backup_of_the_other_database_or_of_a_newer_version_is_refused(backup: Path, elsewhere: Installation) -> None:
    def changed(**changes: object) -> None:
        facts = {**json.loads((backup / "manifest.json").read_text()), **changes}
        files.write(backup / "manifest.json", json.dumps(facts).encode())
        names = [*facts["files"].items(), ("manifest.json", {"sha256": files.sum_of(backup / "manifest.json").sha256})]
        files.write(backup / "SHA256SUMS", "".join(f"{one['sha256']}  {name}\n" for name, one in names).encode())

    changed(migrations=[["vods", "9999_of_tomorrow"]])
    assert "newer version (0.1.0): this one does not know vods.9999_of_tomorrow" in refused(
        elsewhere, "restore", str(backup)
    )
    other = "sqlite" if ON_POSTGRESQL else "postgresql"
    found = manifest.read(backup)
    sums = {**found.files, manifest.DATABASES[other]: files.Sum(0, "")}
    changed(database=other, files={name: {"size": one.size, "sha256": one.sha256} for name, one in sums.items()})
    assert "DATABASE_URL" in refused(elsewhere, "restore", str(backup))


def test_keys_are_written_as_an_env_file_takes_them(tmp_path: Path, settings: Any) -> None:
    settings.TWITCH_CLIENT_SECRET, settings.METRICS_TOKEN = 'it\'s #1 \\ "of" all', "plain=+/"
    values = _secrets()
    path = tmp_path / "keys.env"
    path.write_text("".join(f"{name}={_quoted(value)}\n" for name, value in values.items()))
    assert dotenv.dotenv_values(path) == values
    assert values["METRICS_TOKEN"] == "plain=+/"


def test_the_manifest_names_the_version_of_the_project() -> None:
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"] == VERSION

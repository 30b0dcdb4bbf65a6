"""From outside: one line, exit 2, no traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("VOD_PROCESS_INTERVAL", "soon"),
        ("MAX_CONCURRENT_DOWNLOADS", "0"),
        ("HTTP_ADDR", "8080"),
        ("ARCHIVE_BACKLOG", "few"),
    ],
)
def test_it_names_the_variable(name: str, value: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), name: value}
    command = [sys.executable, "manage.py", "check"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith(f"vod-tender cannot start: {name} should be ")
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["up", "worker", "serve", "recordchat"])
def test_without_keys_nothing_starts(command: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": "", "ENCRYPTION_KEY": ""}
    words = [sys.executable, "manage.py", command]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "ENCRYPTION_KEY is not set." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_key_that_is_no_key_is_said_without_showing_it(tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "ENCRYPTION_KEY": "hunter2hunter2"}
    words = [sys.executable, "manage.py", "up"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "ENCRYPTION_KEY: key 1 of 1 is not a key." in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


def test_a_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    environment = {**os.environ, "DATA_DIR": str(tmp_path / "file")}
    words = [sys.executable, "manage.py", "up"]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert f"DATA_DIR ({tmp_path / 'file'}) cannot be written to" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "ftp://proxy.example:1"), ("SSL_CERT_FILE", "/nowhere/ca.pem")]
)
@pytest.mark.parametrize("words", [["addchannel", "somebody"], ["worker"], ["recordchat"]])
def test_what_leads_outside_is_named_when_it_cannot_be_used(
    words: list[str], name: str, value: str, tmp_path: Path
) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "TWITCH_CLIENT_ID": "a", "TWITCH_CLIENT_SECRET": "b"}
    environment |= {name: value, "SECRET_KEY": "x" * 60, "ENCRYPTION_KEY": "A" * 43 + "="}
    done = subprocess.run(
        [sys.executable, "manage.py", *words],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 2
    assert f"{name} " in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["worker", "serve", "recordchat"])
def test_a_database_that_nobody_migrated_is_named(command: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(tmp_path), "DATABASE_URL": ""}
    words = [sys.executable, "manage.py", command]
    done = subprocess.run(words, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "The database is not up to date" in done.stderr
    assert "Traceback" not in done.stderr

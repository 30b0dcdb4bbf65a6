"""The Dockerfile: what it copies is there and enough, and nothing else gets in."""

from __future__ import annotations

import fnmatch
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet
from django.core.management import get_commands

from tests.deploy.composefile import DOCKERFILE, ROOT, copied, instructions

# What never gets into an image.
PRIVATE = (".env", "data/vodtender.sqlite3", "tests/conftest.py", ".git/HEAD", "deploy/up", "docs/SETUP.md")


def allowed(path: str) -> bool:
    """Whether .dockerignore lets `path` in; the last line that fits decides, as Docker does it."""
    verdict = True
    for line in (ROOT / ".dockerignore").read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        pattern = line.lstrip("!").rstrip("/")
        parents = [path, *(str(parent) for parent in Path(path).parents if str(parent) != ".")]
        fits = [
            one for one in parents if fnmatch.fnmatch(one, pattern.removeprefix("**/")) or fnmatch.fnmatch(one, pattern)
        ]
        fits += [one for one in parents if pattern.startswith("**/") and fnmatch.fnmatch(Path(one).name, pattern[3:])]
        if fits:
            verdict = line.startswith("!")
    return verdict


def test_what_is_copied_is_there_and_let_in() -> None:
    for source in [*copied(), "requirements.txt"]:
        assert (ROOT / source).exists(), source
        assert allowed(source), source
    assert allowed("vods/management/commands/requeue.py")


def test_nothing_private_is_let_in() -> None:
    assert [path for path in PRIVATE if allowed(path)] == []
    assert not allowed("vods/__pycache__/models.cpython-311.pyc")


def test_it_runs_as_nobody_in_particular() -> None:
    [user] = instructions("USER")
    assert user.split(":")[0].isdigit()
    assert int(user.split(":")[0]) > 0


def test_what_it_starts_exists() -> None:
    [command] = instructions("CMD")
    python, script, name = json.loads(command)
    assert (python, script) == ("python", "manage.py")
    assert name in get_commands()
    [check] = instructions("HEALTHCHECK")
    assert check.endswith('CMD ["python", "deploy/healthcheck.py", "web"]')


def test_the_python_is_the_one_that_is_tested() -> None:
    images = {line.split()[1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("FROM ")}
    assert images == {"python:3.11-slim-bookworm"}
    assert sys.version_info[:2] == (3, 11)


def test_the_copied_files_are_enough_to_prepare_a_database_and_to_run(tmp_path: Path) -> None:
    app = tmp_path / "app"
    for source, target in copied().items():
        to = (
            app / target
            if not target.endswith("/") or (ROOT / source).is_dir()
            else app / target / source.split("/")[-1]
        )
        to.parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / source).is_dir():
            shutil.copytree(ROOT / source, to, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(ROOT / source, to)
    environment = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(tmp_path / "data"),
        "SECRET_KEY": "only-for-this-test",
        "ENCRYPTION_KEY": Fernet.generate_key().decode(),
    }

    def manage(*arguments: str) -> str:
        command = [sys.executable, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=app, env=environment, capture_output=True, text=True, check=False, timeout=120
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert "Log in as admin" in manage("prepare")
    password = (tmp_path / "data" / "admin-password").read_text()
    assert "unless you changed it" in manage("prepare")
    assert (tmp_path / "data" / "admin-password").read_text() == password
    assert "no issues" in manage("check")

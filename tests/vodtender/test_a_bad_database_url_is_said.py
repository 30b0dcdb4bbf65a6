"""A DATABASE_URL that cannot be used ends every command with a sentence that tells no password."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def said(tmp_path: Path, url: str) -> str:
    own = {"DATA_DIR": str(tmp_path), "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "vodtender.settings"}
    done = subprocess.run(
        [sys.executable, "manage.py", "vods"],
        cwd=ROOT,
        env={**os.environ, **own},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode != 0
    assert "Traceback" not in done.stderr
    assert "hunter2" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "url",
    [
        "mysql://vod:hunter2@127.0.0.1/vod",
        "postgres://vod:hunter2@127.0.0.1",
        "postgres://vod:hunter2@127.0.0.1:port/vod",
        "postgres://vod:hunter2/@#@127.0.0.1/vod",
        "postgres://vod:hunter2@[::1/vod",
    ],
)
def test_an_address_of_the_wrong_form(tmp_path: Path, url: str) -> None:
    assert "DATABASE_URL should be postgres://USER:PASSWORD@HOST:PORT/NAME" in said(tmp_path, url)


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    assert "The database cannot be used" in said(tmp_path, "postgres://vod:hunter2@127.0.0.1:1/vod")

"""A stop that comes while a cluster starts ends it at once, without a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from vods.drain import LIFELINE_FD

ROOT = Path(__file__).resolve().parents[2]


def test_a_lifeline_that_was_cut_before_the_start_is_a_quiet_end(tmp_path: Path) -> None:
    read_end, write_end = os.pipe()
    os.close(write_end)
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "vodtender.settings",
        "DATA_DIR": str(tmp_path),
        "SECRET_KEY": "only-for-the-tests",
        "ENCRYPTION_KEY": Fernet.generate_key().decode(),
        "Q_CLUSTER_NAME": "media",
        LIFELINE_FD: str(read_end),
    }
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=environment, check=True)
    command = [sys.executable, "manage.py", "worker", "--cluster", "media"]
    ended = subprocess.run(
        command,
        cwd=ROOT,
        env=environment,
        pass_fds=[read_end],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
        start_new_session=True,
    )
    os.close(read_end)
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr

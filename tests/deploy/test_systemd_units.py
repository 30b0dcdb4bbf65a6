"""The systemd units: accepted by systemd's own tool, and what they start exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from tests.deploy.composefile import ROOT
from tests.tools import run
from vodtender.supervision import STOP_SECONDS

UNITS = sorted((ROOT / "deploy" / "systemd").glob("*.service"))
HOME = "/srv/vod-tender"
LONG = {"vod-tender", "vod-tender-worker"}  # these give VODs back when they stop


def value(unit: Path, name: str) -> str:
    [found] = re.findall(rf"^{name}=(.*)$", unit.read_text(), re.MULTILINE)
    return str(found)


def test_there_is_one_for_all_and_one_for_each_part() -> None:
    started = {
        unit.stem: value(unit, "ExecStart").removeprefix(f"{HOME}/.venv/bin/python manage.py ") for unit in UNITS
    }
    assert started == {
        "vod-tender": "up",
        "vod-tender-prepare": "prepare",
        "vod-tender-web": "serve",
        "vod-tender-worker": "worker",
        "vod-tender-recorder": "recordchat",
    }
    assert set(started.values()) <= set(get_commands())


def test_systemd_accepts_them(tmp_path: Path) -> None:
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace(HOME, str(ROOT)))
    done = run("systemd-analyze", "verify", *sorted(tmp_path.iterdir()))
    assert done.returncode == 0, done.stdout
    assert not [line for line in done.stdout.splitlines() if str(tmp_path) in line], done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_is_hardened(unit: Path) -> None:
    done = run("systemd-analyze", "security", "--offline=true", "--threshold=25", unit)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_each_may_write_its_data_and_has_time_to_stop(unit: Path) -> None:
    assert value(unit, "ReadWritePaths") == f"{HOME}/data"
    assert value(unit, "WorkingDirectory") == HOME
    assert value(unit, "User") == "vod"
    if unit.stem in LONG:
        assert int(value(unit, "TimeoutStopSec")) > 30 > STOP_SECONDS
        assert value(unit, "KillMode") == "mixed"

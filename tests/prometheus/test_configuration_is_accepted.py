"""Prometheus' and Alertmanager's own tools accept the files, at every place where they are read."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from tests.tools import run

FOLDER = Path(__file__).resolve().parents[2] / "prometheus"
MAIN, COMPOSE, ALERTS = (FOLDER / name for name in ("prometheus.yml", "prometheus.compose.yml", "alerts.yml"))
ALERTMANAGER = FOLDER / "alertmanager.yml"
COMMENTED = re.compile(r"^    # ", re.MULTILINE)


def test_the_configuration_for_this_machine() -> None:
    done = run("promtool", "check", "config", MAIN)
    assert done.returncode == 0, done.stdout
    assert "8 rules found" in done.stdout


def test_with_a_token_it_is_still_one(tmp_path: Path) -> None:
    text = MAIN.read_text().replace("    # authorization:\n    #   cred", "    authorization:\n      cred")
    assert text != MAIN.read_text()
    token = tmp_path / "token"
    token.write_text("let-me-in")
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/metrics_token", str(token)))
    shutil.copy(ALERTS, tmp_path)
    done = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout


def test_the_rules_are_found_beside_the_file_as_in_a_container(tmp_path: Path) -> None:
    (tmp_path / "metrics_token").write_text("let-me-in")
    text = COMPOSE.read_text().replace("/run/secrets/", f"{tmp_path}/")
    (tmp_path / "prometheus.yml").write_text(text)
    shutil.copy(ALERTS, tmp_path)
    done = run("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert done.returncode == 0, done.stdout
    assert "8 rules found" in done.stdout


def test_compose_differs_by_names_and_the_token_alone() -> None:
    def without_remarks(path: Path) -> str:
        return re.sub(r"^ *#.*\n|^\n", "", path.read_text(), flags=re.MULTILINE)

    expected = (
        without_remarks(MAIN).replace("localhost:8080", "vod-api:8080").replace("localhost:9093", "alertmanager:9093")
    )
    token = "    authorization:\n      credentials_file: /run/secrets/metrics_token\n"
    assert token in without_remarks(COMPOSE)
    assert without_remarks(COMPOSE).replace(token, "") == expected


def test_the_alertmanager_example() -> None:
    done = run("amtool", "check-config", ALERTMANAGER)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("kind", ["slack_configs", "email_configs", "webhook_configs"])
def test_each_way_to_send_alerts_can_be_switched_on(kind: str, tmp_path: Path) -> None:
    head, _, blocks = ALERTMANAGER.read_text().partition("  - name: team-vod-tender\n")
    [block] = re.findall(rf"    # {kind}:\n(?:    #   .*\n)+", blocks)
    path = tmp_path / "alertmanager.yml"
    path.write_text(f"{head}  - name: team-vod-tender\n{COMMENTED.sub('    ', block)}")
    done = run("amtool", "check-config", path)
    assert done.returncode == 0, done.stdout

"""The eight alerts of the guide: their names, severities and durations, and when each of them fires."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.management import get_commands
from ruamel.yaml import YAML

from tests.tools import run

ALERTS = Path(__file__).resolve().parents[2] / "prometheus" / "alerts.yml"
CASES = sorted((Path(__file__).parent / "rules").glob("*.yml"))
GUIDE = {
    "HighDownloadFailureRate": ("warning", "10m"),
    "CircuitBreakerOpen": ("critical", "5m"),
    "HighVODQueueDepth": ("warning", "30m"),
    "DatabaseConnectionPoolExhausted": ("warning", "5m"),
    "VODProcessingStalled": ("warning", "15m"),
    "OAuthTokenRefreshFailures": ("warning", "10m"),
    "HighChatReconnectionRate": ("warning", "10m"),
    "SlowVODDownloads": ("info", "30m"),
}
# Changes that the cases must notice, for each alert: threshold a little lower, a little higher; duration likewise.
MUTATIONS = {
    "HighDownloadFailureRate": [("> 0.5", "> 0.49"), ("> 0.5", "> 0.52"), ("[8m]", "[10m]"), ("[8m]", "[4m]")],
    "CircuitBreakerOpen": [
        ("last_over_time(vod_circuit_open[2m]) == 1", "last_over_time(vod_circuit_open[2m]) >= 0"),
        ("last_over_time(vod_circuit_open[2m]) == 1", "vod_circuit_open == 1"),
        ("or (last", "and (last"),
        ("max_over_time(vod_circuit_open[2m])", "max_over_time(vod_circuit_open[9m])"),
    ],
    "HighVODQueueDepth": [
        ("> 50", "> 49"),
        ("> 50", "> 51"),
        ("last_over_time(vod_queue_depth[2m])", "vod_queue_depth"),
    ],
    "DatabaseConnectionPoolExhausted": [("> 0.9", ">= 0.9"), ("> 0.9", "> 0.95")],
    "VODProcessingStalled": [("== 0", "< 0"), ("== 0", "<= 5"), ("[3m]", "[6m]")],
    "OAuthTokenRefreshFailures": [("[22m]", "[9m]"), ("[12m]", "[1m]"), ("[5m]", "[15m]"), ("[22m]", "[40m]")],
    "HighChatReconnectionRate": [("> 0.1", "> 0.09"), ("> 0.1", "> 0.11")],
    "SlowVODDownloads": [("> 3600", "> 7000"), ("> 3600", "> 3000"), ("(0.95", "(0.94"), ("(0.95", "(0.96")],
}


def rules() -> dict[str, dict[str, Any]]:
    [group] = YAML(typ="safe").load(ALERTS)["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


def case_file(alert: str) -> Path:
    name = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=VOD)(?=[A-Z])", "_", alert).lower()
    return Path(__file__).parent / "rules" / f"{name}.yml"


def test_they_are_those_of_the_guide() -> None:
    assert {name: (rule["labels"]["severity"], rule["for"]) for name, rule in rules().items()} == GUIDE


def test_promtool_finds_nothing_wrong() -> None:
    done = run("promtool", "check", "rules", "--lint=all", "--lint-fatal", ALERTS)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("cases", CASES, ids=lambda path: path.stem)
def test_each_fires_when_it_should_and_only_then(cases: Path) -> None:
    done = run("promtool", "test", "rules", cases)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("alert", GUIDE)
def test_the_cases_notice_another_threshold_or_duration(alert: str, tmp_path: Path) -> None:
    head, *all_rules = re.split(r"^(?=      - alert: )", ALERTS.read_text(), flags=re.MULTILINE)
    [rule] = [text for text in all_rules if text.startswith(f"      - alert: {alert}\n")]
    seconds = int(GUIDE[alert][1].removesuffix("m")) * 60
    longer_and_shorter = [(f"for: {GUIDE[alert][1]}", f"for: {seconds + change}s") for change in (-60, 60)]
    changes = [*MUTATIONS[alert], *longer_and_shorter]
    files = [tmp_path / f"{number}.yml" for number in range(len(changes))]
    for (old, new), file in zip(changes, files, strict=True):
        assert old in rule
        changed = tmp_path / f"rules-{file.name}"
        changed.write_text(head + rule.replace(old, new))
        file.write_text(case_file(alert).read_text().replace("../../../prometheus/alerts.yml", changed.name))
    said = run("promtool", "test", "rules", *files).stdout.split("Unit Testing: ")[1:]
    unnoticed = [change for change, words in zip(changes, said, strict=True) if "FAILED:" not in words]
    assert not unnoticed, said


def test_each_says_what_to_do_and_where_more_is_written() -> None:
    guide = (ALERTS.parents[1] / "docs" / "OBSERVABILITY.md").read_text(encoding="utf-8")
    for name, rule in rules().items():
        notes = rule["annotations"]
        assert len(notes["description"]) > 100
        assert notes["summary"]
        assert notes["runbook"] == f"docs/OBSERVABILITY.md#{name.lower()}"
        assert f"\n### {name}\n" in guide


def test_what_they_tell_to_do_can_be_done() -> None:
    text = ALERTS.read_text()
    assert set(re.findall(r"manage\.py ([a-z]+)", text)) <= set(get_commands())
    makefile = (ALERTS.parents[1] / "Makefile").read_text()
    assert all(f"\n{target}:" in makefile for target in re.findall(r"`make ([a-z-]+)`", text))
    assert all(hasattr(settings, name) for name in re.findall(r"\b[A-Z]+_[A-Z_]+\b", text))

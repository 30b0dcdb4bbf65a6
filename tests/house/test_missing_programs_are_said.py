"""A test whose program is missing fails in CI, and elsewhere is skipped with a word on how to get it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from _pytest.outcomes import Failed, Skipped

from tests.tools import PACKAGES, need

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")


@pytest.mark.parametrize("program", PACKAGES)
def test_elsewhere_it_is_skipped(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(Skipped, match=f"apt install {PACKAGES[program]}"):
        need(program)


def test_in_ci_it_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "1")
    with pytest.raises(Failed, match="make tools"):
        need("promtool")


def test_ci_sets_the_variable() -> None:
    assert re.search(r"^export CI=1\b", (ROOT / ".ci" / "run").read_text(), re.MULTILINE)


def test_make_tools_installs_every_package() -> None:
    [line] = re.findall(r"for pair in (.+?); do", (ROOT / "Makefile").read_text().replace("$(", "("))[:1]
    pairs = dict(pair.split(":") for pair in line.split())
    assert pairs.pop("chromium") == "chromium"
    assert set(pairs.values()) == set(PACKAGES.values())
    assert all(PACKAGES[program] == package for program, package in pairs.items())

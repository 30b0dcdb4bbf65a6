"""`make up` names everything that is missing at once, and starts nothing then. No Docker runs here: a stand-in notes
with what it was called."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.deploy.composefile import ROOT, required


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    (folder / "deploy").mkdir(parents=True)
    for name in ("docker-compose.yml", ".env.example", "deploy/up"):
        shutil.copy(ROOT / name, folder / name)
    programs = folder / "bin"
    programs.mkdir()
    docker = programs / "docker"
    docker.write_text('#!/bin/sh\necho "$@" >> "$(dirname "$0")/calls"\n')
    docker.chmod(0o755)
    return folder


def up(project: Path, *, docker: bool = True, **variables: str) -> subprocess.CompletedProcess[str]:
    path = f"{project / 'bin'}:/usr/bin:/bin" if docker else "/usr/bin:/bin"
    return subprocess.run(
        [project / "deploy" / "up"],
        env={"PATH": path, **variables},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def calls(project: Path) -> list[str]:
    return (project / "bin" / "calls").read_text().splitlines()


def test_with_nothing_set_every_secret_is_named_and_nothing_is_started(project: Path) -> None:
    done = up(project)
    assert done.returncode == 1
    for name in required():
        assert f'echo "{name}=$(openssl rand' in done.stderr
    assert calls(project) == ["compose version"]
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def test_what_it_proposes_is_enough(project: Path) -> None:
    lines = [line.strip() for line in up(project).stderr.splitlines() if line.strip().startswith("echo ")]
    subprocess.run(["sh", "-c", "\n".join(lines)], cwd=project, check=True, timeout=30)
    done = up(project)
    assert done.returncode == 0, done.stderr
    assert calls(project)[-1] == "compose up -d --build"
    assert "http://localhost:3000" in done.stdout


def test_the_environment_counts_and_an_empty_value_does_not(project: Path) -> None:
    (project / ".env").write_text("METRICS_TOKEN=\nSECRET_KEY=abc\n")
    given = dict.fromkeys(required() - {"METRICS_TOKEN", "SECRET_KEY", "POSTGRES_PASSWORD"}, "x")
    done = up(project, **given)
    assert "needed: METRICS_TOKEN POSTGRES_PASSWORD\n" in done.stderr


@pytest.mark.skipif(os.path.exists("/usr/bin/docker"), reason="a real Docker is here")
def test_without_docker_it_says_what_it_needs(project: Path) -> None:
    done = up(project, docker=False)
    assert done.returncode == 1
    assert "needs Docker" in done.stderr

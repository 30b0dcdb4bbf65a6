"""docker-compose.yml and Dockerfile, and what tests want to know of them."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
COMPOSE, DOCKERFILE = ROOT / "docker-compose.yml", ROOT / "Dockerfile"
SERVICES = ("postgres", "vod-api", "worker", "recorder", "jaeger", "prometheus", "alertmanager", "grafana")
OURS = ("migrate", "vod-api", "worker", "recorder")


def compose() -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(COMPOSE)
    return found


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose()["services"]
    return found


def required() -> set[str]:
    """The variables without which Compose does not start."""
    return set(re.findall(r"\$\{([A-Z_]+):\?", COMPOSE.read_text()))


def instructions(name: str) -> list[str]:
    """The arguments of each instruction of that name in the last stage of the Dockerfile."""
    text = DOCKERFILE.read_text().replace("\\\n", " ").rpartition("\nFROM ")[2]
    return re.findall(rf"^{name} (.+)$", text, re.MULTILINE)


def copied() -> dict[str, str]:
    """Of each file or folder of the project that the image has: where in the image's /app."""
    found = {}
    for arguments in instructions("COPY"):
        if arguments.startswith("--from="):
            continue
        *sources, target = shlex.split(arguments)
        found |= dict.fromkeys(sources, target)
    return found

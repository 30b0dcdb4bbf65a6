"""telemetry, env, http ← oauth ← vods ← chat ← the project; the simulator knows nobody; service modules know no ORM."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("vodtender", "oauth", "vods", "chat", "simulator", "templates", "tests")
# What each room may import of the project, beside itself.
BASE = {
    "vodtender.env",
    "vodtender.http",
    "vodtender.telemetry",
    "vodtender.admin_parts",
    "vodtender.setup_state",
    "vodtender.checks",
}
MAY = {
    "vodtender/telemetry": {"vodtender.telemetry"},
    "oauth": BASE | {"oauth"},
    "vods": BASE | {"oauth", "vods"},
    "chat": BASE | {"oauth", "vods", "chat"},
    "simulator": {"simulator"},
}
ALONE = {"vodtender/env.py": set(), "vodtender/http.py": {"vodtender.env"}}
SERVICES = (
    "vods/helix.py",
    "vods/ytdlp.py",
    "vods/segments.py",
    "vods/mediafile.py",
    "vods/remux.py",
    "vods/verify.py",
    "vods/youtube.py",
    "chat/irc.py",
    "chat/messages.py",
    "chat/connection.py",
    "oauth/providers.py",
)


def imported(path: Path) -> Iterator[str]:
    """Every module of the project that the file imports, wherever in it the import stands."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                yield str(path.parent.relative_to(ROOT)).replace("/", ".")
            elif node.module in {"vodtender", *ROOMS}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module or ""


def allowed(module: str, may: set[str]) -> bool:
    if module.partition(".")[0] not in ROOMS:
        return True
    return any(module == known or module.startswith(f"{known}.") for known in may)


def sources(room: str) -> list[Path]:
    return [path for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]


@pytest.mark.parametrize("room", sorted(MAY))
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {module}"
        for path in sources(room)
        for module in imported(path)
        if not allowed(module, MAY[room])
    ]
    assert not wrong


@pytest.mark.parametrize("name", ALONE)
def test_the_foundation_stands_alone(name: str) -> None:
    assert not [module for module in imported(ROOT / name) if not allowed(module, ALONE[name])]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_module_knows_no_orm(name: str) -> None:
    modules = set(imported(ROOT / name))
    assert not [module for module in modules if module.startswith("django") or module.endswith((".models", ".store"))]


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    assert not allowed("chat.models", MAY["vods"])
    assert not allowed("vodtender.health", MAY["oauth"])
    assert allowed("django.db", MAY["vods"])

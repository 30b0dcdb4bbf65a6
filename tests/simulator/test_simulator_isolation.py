from __future__ import annotations

import ast
from pathlib import Path

import simulator

APPS = {"vodtender", "vods", "chat", "oauth", "telemetry", "django"}


def test_the_simulator_imports_no_app() -> None:
    for path in Path(simulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module or "")
            assert not {name.partition(".")[0] for name in names} & APPS, path

"""The dashboard's file, and what tests want to know of it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "grafana" / "dashboards" / "vod-tender.json"
LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


def panels() -> list[dict[str, Any]]:
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def panel(title: str) -> dict[str, Any]:
    [found] = [panel for panel in panels() if panel["title"] == title]
    return found


def defaults() -> dict[str, str]:
    """Of each variable the value that it has when the dashboard is opened, as it stands in an expression."""
    chosen = {}
    for variable in dashboard()["templating"]["list"]:
        value = variable["current"].get("value", "")
        chosen[variable["name"]] = variable["allValue"] if value == ["$__all"] else value
    return chosen


def expressions() -> Iterator[tuple[str, str]]:
    """Title and PromQL of each target, with the variables' defaults."""
    for one in panels():
        for target in one["targets"]:
            text = target["expr"]
            for name, value in defaults().items():
                text = text.replace(f"${name}", value)
            yield one["title"], text

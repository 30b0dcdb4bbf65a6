"""The project's documents, and what the tests need to read out of them."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
CONFIG = ROOT / "docs" / "CONFIG.md"
EXAMPLE = ROOT / ".env.example"

_NAME = r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*"
_ROW = re.compile(rf"^\| `({_NAME})` \| ([^|]*) \| ([^|]*) \| ([^|]*) \| ([^|]*) \|$", re.MULTILINE)
_DEMO_ROW = re.compile(rf"^\| `({_NAME})` \| `([^|]*)` \|$", re.MULTILINE)
_LINE = re.compile(rf"^(?:# )?({_NAME})=(.*)$", re.MULTILINE)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def config_rows() -> dict[str, tuple[str, str, str]]:
    """Of each variable in CONFIG.md: its default, its description, and its example; an absent default is empty."""
    rows = _ROW.findall(CONFIG.read_text(encoding="utf-8"))
    return {name: (_code(default), f"{should} {does}", _code(example)) for name, default, should, does, example in rows}


def demo_rows() -> dict[str, str]:
    return dict(_DEMO_ROW.findall(CONFIG.read_text(encoding="utf-8")))


def example_lines() -> list[tuple[str, str]]:
    """The variables of .env.example, commented or not, with what they are set to."""
    return [(name, value) for name, value in _LINE.findall(EXAMPLE.read_text(encoding="utf-8"))]


def _code(cell: str) -> str:
    return cell.strip().strip("`") if cell.strip().startswith("`") else ""

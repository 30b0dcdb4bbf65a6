"""The commands that the documents name exist, and every command of ours is named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from documents import DOCUMENTS, ROOT, relative

OURS = ("vodtender", "oauth", "vods", "chat")
_CODE = re.compile(r"```.*?```|`[^`\n]+`", re.DOTALL)
_MAKE = re.compile(r"(?:^|[\s`])make ((?:[a-z][a-z-]*)(?= |`|\n|$))", re.MULTILINE)
_MANAGE = re.compile(r"manage\.py ([a-z_]+)")


def code(document: Path) -> str:
    """What stands in code blocks and in backticks."""
    return "\n".join(_CODE.findall(document.read_text(encoding="utf-8")))


def targets() -> set[str]:
    """The Makefile's targets that have a rule."""
    return set(re.findall(r"^([a-z][a-z-]*):(?!=)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def our_commands() -> set[str]:
    return {name for name, app in get_commands().items() if app in OURS}


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_make_targets_exist(document: Path) -> None:
    assert set(_MAKE.findall(code(document))) <= targets()


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_manage_commands_exist(document: Path) -> None:
    assert set(_MANAGE.findall(code(document))) <= set(get_commands())


def test_contributing_names_the_targets_of_a_developer() -> None:
    named = set(_MAKE.findall(code(ROOT / "CONTRIBUTING.md")))
    assert {"demo", "install-dev", "lint", "types", "test", "lock"} <= named


def test_the_readme_has_a_row_for_each_of_our_commands() -> None:
    rows = re.findall(r"^\| `manage\.py ([a-z]+)", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == our_commands()


@pytest.mark.parametrize("name", sorted(our_commands()))
def test_our_commands_explain_themselves(name: str) -> None:
    app = get_commands()[name]
    assert isinstance(app, str)
    command = load_command_class(app, name)
    assert len(command.create_parser("manage.py", name).format_help()) > 200
    assert command.help

"""docs/CONFIG.md and .env.example say of every variable what vodtender/settings.py does with it."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import dotenv
import pytest
from documents import DOCUMENTS, EXAMPLE, ROOT, config_rows, demo_rows, example_lines, relative

from vodtender.demo import DEFAULTS
from vodtender.newenv import with_fresh_keys

STANDARD = {"HTTPS_PROXY", "NO_PROXY", "SSL_CERT_FILE"}  # read by the libraries, and by what asks them
# Placeholders, and what only make and the tests read.
NOT_VARIABLES = {"VOD_ID", "NAME_FILE", "TEST_DATABASE_URL", "BENCH_ARGS"}


def read_by_the_settings() -> dict[str, tuple[str, str]]:
    """Of each variable: the method of Env that reads it, and its default as one would write it in .env."""
    found: dict[str, tuple[str, str]] = {}
    tree = ast.parse((ROOT / "vodtender" / "settings.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if ast.unparse(node.func.value) != "env":
            continue
        method = node.func.attr
        if method == "names":
            found |= {ast.literal_eval(name): (method, "") for name in node.args}
            continue
        name = ast.literal_eval(node.args[0])
        default = written(node.args[1]) if len(node.args) > 1 else "0" if method == "flag" else ""
        if default or name not in found:
            found[name] = (method, default)
    return found


def written(default: ast.expr) -> str:
    if isinstance(default, ast.BinOp):  # a path: BASE_DIR / "data", DATA_DIR / "media"
        return ast.unparse(default).replace("'", "").replace(" ", "").removeprefix("BASE_DIR/")
    value = ast.literal_eval(default)
    return str(int(value)) if isinstance(value, bool) else str(value)


# Read by docker-compose.yml alone.
COMPOSE = set(re.findall(r"\$\{([A-Z_]+):\?", (ROOT / "docker-compose.yml").read_text())) - set(read_by_the_settings())
OTHERS = dict.fromkeys(STANDARD | COMPOSE, "")
VARIABLES = {name: default for name, (_, default) in read_by_the_settings().items()} | OTHERS


def test_the_settings_are_understood_by_this_test() -> None:
    assert VARIABLES["HTTP_ADDR"] == "127.0.0.1:8080"
    assert VARIABLES["MEDIA_DIR"] == "DATA_DIR/media"
    assert VARIABLES["CHAT_AUTO_START"] == "1"
    assert VARIABLES["ARCHIVE_BACKLOG"] == "3"
    assert len(VARIABLES) > 50


def test_config_md_has_every_variable_and_no_other() -> None:
    assert set(config_rows()) == set(VARIABLES)


def test_env_example_has_every_variable_once_and_no_other() -> None:
    names = [name for name, _ in example_lines()]
    assert sorted(names) == sorted(VARIABLES)


def test_config_md_has_the_defaults_of_the_code() -> None:
    assert {name: default for name, (default, _, _) in config_rows().items()} == VARIABLES


def test_env_example_has_the_defaults_of_the_code() -> None:
    expected = {name: default.replace("DATA_DIR", VARIABLES["DATA_DIR"]) for name, default in VARIABLES.items()}
    assert dict(example_lines()) == expected


def test_config_md_marks_what_may_come_from_a_file() -> None:
    secrets = {name for name, (method, _) in read_by_the_settings().items() if method == "secret"}
    assert {name for name, (_, text, _) in config_rows().items() if text.endswith(" Secret.")} == secrets


def test_config_md_says_what_the_demo_sets() -> None:
    assert demo_rows() == DEFAULTS


@pytest.mark.parametrize("document", DOCUMENTS, ids=relative)
def test_a_document_names_no_variable_that_is_not_read(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    names = set(re.findall(r"\b[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+\b", text)) - NOT_VARIABLES
    assert {name for name in names if name not in VARIABLES and name.removesuffix("_FILE") not in VARIABLES} == set()


def test_the_examples_are_values_that_the_settings_take() -> None:
    examples = {name: example for name, (_, _, example) in config_rows().items() if name not in STANDARD}
    environment = {"PATH": os.environ["PATH"], **examples}
    command = [sys.executable, "-c", "import vodtender.settings"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


def test_a_new_env_sets_the_two_keys_and_nothing_else() -> None:
    made = with_fresh_keys(EXAMPLE.read_text(encoding="utf-8"))
    lines = [line for line in made.splitlines() if line and not line.startswith("#")]
    assert [line.partition("=")[0] for line in lines] == ["SECRET_KEY", "ENCRYPTION_KEY"]
    assert all(line.partition("=")[2] for line in lines)


def test_env_example_can_be_read_with_every_line_switched_on(tmp_path: Path) -> None:
    path = tmp_path / "all.env"
    path.write_text("".join(f"{name}={value}\n" for name, value in example_lines()), encoding="utf-8")
    assert dotenv.dotenv_values(path) == dict(example_lines())

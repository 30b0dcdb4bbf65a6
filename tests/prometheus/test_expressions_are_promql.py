"""Prometheus' parser understands every expression, and our guide has all those of the observability guide."""

from __future__ import annotations

from pathlib import Path

from ruamel.yaml import YAML

from tests.prometheus.expressions import answering, document, everything, guide
from tests.tools import run


def accepted(expressions: list[str], folder: Path) -> tuple[bool, str]:
    """Whether promtool takes all of them, as rules that record; and what it said."""
    path = folder / "rules.yml"
    rules = [{"record": f"expression:number_{number}", "expr": one} for number, one in enumerate(expressions)]
    YAML(typ="safe").dump({"groups": [{"name": "all", "rules": rules}]}, path)
    done = run("promtool", "check", "rules", path)
    return done.returncode == 0, done.stdout


def test_all_of_them_are_understood(tmp_path: Path) -> None:
    assert len(everything()) > 50
    understood, said = accepted(everything(), tmp_path)
    assert understood, said


def test_a_bracket_too_few_is_not(tmp_path: Path) -> None:
    assert not accepted([*everything(), "rate(vod_queue_depth[5m]"], tmp_path)[0]


def test_our_guide_has_every_expression_of_the_observability_guide() -> None:
    assert len(guide()) == 19
    assert set(guide()) <= set(document())


def test_an_alert_answers_where_it_would_be_silent() -> None:
    assert answering("a / b > 0.5 or (c == 0)") == "a / b > bool 0.5 or (c == bool 0)"

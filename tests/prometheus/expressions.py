"""The PromQL of the project: the guide's, that of docs/OBSERVABILITY.md, the dashboard's and the alerts'."""

from __future__ import annotations

import re
from pathlib import Path

from ruamel.yaml import YAML

from tests.grafana.dashboard import LABEL_VALUES
from tests.grafana.dashboard import expressions as of_the_dashboard

ROOT = Path(__file__).resolve().parents[2]
GUIDE = Path(__file__).parent / "guide.promql"
DOCUMENT = ROOT / "docs" / "OBSERVABILITY.md"
ALERTS = ROOT / "prometheus" / "alerts.yml"


def expressions(text: str) -> list[str]:
    """Those of a ```promql block: apart by empty lines and comments, each on one line."""
    apart = re.split(r"\n(?:[ \t]*\n|#.*\n?)+", f"\n{text.strip()}\n")
    return [" ".join(one.split()) for one in apart if one.strip()]


def guide() -> list[str]:
    return expressions(GUIDE.read_text(encoding="utf-8"))


def document() -> list[str]:
    blocks = re.findall(r"```promql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    return [one for block in blocks for one in expressions(block)]


def alerts() -> dict[str, str]:
    [group] = YAML(typ="safe").load(ALERTS)["groups"]
    return {rule["alert"]: rule["expr"] for rule in group["rules"]}


def answering(alert: str) -> str:
    """The alert's expression, so that it answers 0 or 1 where it would be silent."""
    return re.sub(r"(==|[<>]=?)(?= \d)", r"\1 bool", alert)


def everything() -> list[str]:
    """Each expression once, as Prometheus takes it; `label_values()` is Grafana's own and left out."""
    shown = [expression for _, expression in of_the_dashboard()]
    asked = [*guide(), *document(), *shown, *map(answering, alerts().values())]
    return [one for one in dict.fromkeys(asked) if not LABEL_VALUES.fullmatch(one)]

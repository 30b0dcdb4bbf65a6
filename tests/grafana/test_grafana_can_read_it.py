"""What Grafana would read of the dashboard and of the provisioning, by the models of its own kit."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import pytest
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.cog.plugins import register_default_plugins
from grafana_foundation_sdk.models import units
from grafana_foundation_sdk.models.dashboard import Dashboard
from ruamel.yaml import YAML

from tests.grafana.dashboard import FILE, ROOT, dashboard, panels

# What Grafana reads and writes, and its kit's models leave out.
NOT_IN_THE_MODELS = {
    "id",
    "annotations.list.builtIn",
    "annotations.list.step",
    "annotations.list.tagKeys",
    "annotations.list.titleFormat",
    "annotations.list.textFormat",
    "templating.list.definition",
}


def lost(given: Any, read: Any, path: str = "") -> Iterator[str]:
    """Where `read` has not what `given` has."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            where = f"{path}.{name}".lstrip(".")
            if name in read:
                yield from lost(value, read[name], where)
            else:
                yield where
    elif isinstance(given, list) and isinstance(read, list) and len(given) == len(read):
        for one, other in zip(given, read, strict=True):
            yield from lost(one, other, path)
    elif given != read:
        yield f"{path}: {given!r} became {read!r}"


def as_read(given: dict[str, Any]) -> Any:
    register_default_plugins()
    return json.loads(JSONEncoder().encode(Dashboard.from_json(given)))


def test_nothing_in_it_is_unknown_to_grafana() -> None:
    assert set(lost(dashboard(), as_read(dashboard()))) == NOT_IN_THE_MODELS


@pytest.mark.parametrize(
    "misspelt", ["gridPos", "thresholds", "legendFormat", "reduceOptions", "drawStyle", "templating"]
)
def test_a_misspelt_name_is_noticed(misspelt: str) -> None:
    wrong = json.loads(FILE.read_text().replace(f'"{misspelt}"', f'"{misspelt}s"'))
    assert [where for where in lost(wrong, as_read(wrong)) if where.split(".")[-1] == f"{misspelt}s"]


def test_units_are_grafanas() -> None:
    known = {value for kind in get_type_hints(units).values() for value in get_args(kind)}
    assert {panel["fieldConfig"]["defaults"]["unit"] for panel in panels()} <= known


def test_every_panel_has_a_place_of_its_own() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert not taken & cells, panel["title"]
        taken |= cells
    ids = [panel["id"] for panel in dashboard()["panels"]]
    assert len(set(ids)) == len(ids)


def test_every_panel_says_what_it_shows_and_asks_the_chosen_source() -> None:
    chosen = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert panel["description"]
        assert panel["datasource"] == chosen
        assert panel["targets"]
        for target in panel["targets"]:
            assert target["expr"]
            assert target["legendFormat"]
            assert target["datasource"] == chosen
        letters = [target["refId"] for target in panel["targets"]]
        assert len(set(letters)) == len(letters)


def test_every_variable_that_is_used_exists_and_the_other_way_round() -> None:
    text = json.dumps(dashboard()["panels"])
    used = set(re.findall(r"\$\{?([a-z]+)\}?", text))
    assert used == {variable["name"] for variable in dashboard()["templating"]["list"]}


def provisioned(path: str) -> Any:
    return YAML(typ="safe").load(ROOT / "grafana" / "provisioning" / path)


def test_provisioning_finds_the_dashboard_where_compose_mounts_it() -> None:
    [provider] = provisioned("dashboards/vod-tender.yml")["providers"]
    compose = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in compose["services"]["grafana"]["volumes"]
    assert provider["type"] == "file"


def test_provisioned_sources_are_services_of_compose() -> None:
    compose = YAML(typ="safe").load(ROOT / "docker-compose.yml")
    sources = provisioned("datasources/vod-tender.yml")["datasources"]
    assert [(source["type"], source["url"]) for source in sources] == [
        ("prometheus", "http://prometheus:9090"),
        ("jaeger", "http://jaeger:16686"),
    ]
    for source in sources:
        name, port = source["url"].removeprefix("http://").split(":")
        assert any(mapped.endswith(f":{port}") for mapped in compose["services"][name]["ports"])
    assert [source["isDefault"] for source in sources if "isDefault" in source] == [True]

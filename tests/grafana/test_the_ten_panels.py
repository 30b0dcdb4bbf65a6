"""The panels of the observability guide: order, types, series, thresholds, units and legends."""

from __future__ import annotations

from typing import Any

import pytest

from tests.grafana.dashboard import dashboard, panel

QUANTILES = [("0.50", "p50"), ("0.95", "p95"), ("0.99", "p99")]
GUIDE: list[tuple[str, str, str, list[tuple[str, str]]]] = [
    ("VOD Queue Depth", "gauge", "short", [("vod_queue_depth", "waiting")]),
    ("Circuit Breaker State", "gauge", "short", [("vod_circuit_breaker_state", "circuit")]),
    (
        "Download Rate",
        "timeseries",
        "ops",
        [(f"rate(vod_downloads_{what}_total[5m])", what) for what in ("started", "succeeded", "failed")],
    ),
    (
        "Download Duration Percentiles",
        "timeseries",
        "s",
        [(f"histogram_quantile({q}, rate(vod_download_duration_seconds_bucket[1h]))", name) for q, name in QUANTILES],
    ),
    (
        "Upload Rate",
        "timeseries",
        "ops",
        [(f"rate(vod_uploads_{what}_total[5m])", what) for what in ("succeeded", "failed")],
    ),
    (
        "Upload Duration Percentiles",
        "timeseries",
        "s",
        [(f"histogram_quantile({q}, rate(vod_upload_duration_seconds_bucket[1h]))", name) for q, name in QUANTILES],
    ),
    (
        "Database Connection Pool",
        "timeseries",
        "short",
        [("database_connection_pool_size", "pool size"), ("database_connection_pool_in_use", "in use")],
    ),
    (
        "Chat Messages Recorded Rate",
        "timeseries",
        "cps",
        [("rate(chat_messages_recorded_total[5m])", "{{channel}}")],
    ),
    (
        "OAuth Token Refresh Rate",
        "timeseries",
        "ops",
        [("rate(oauth_token_refresh_total[5m])", "{{provider}} {{status}}")],
    ),
    ("Helix API Call Rate", "timeseries", "reqps", [("rate(helix_api_calls_total[5m])", "{{endpoint}} {{status}}")]),
]


def test_they_come_first_and_in_order() -> None:
    before_the_row = [panel["title"] for panel in dashboard()["panels"][: len(GUIDE)]]
    assert before_the_row == [title for title, _, _, _ in GUIDE]
    row = dashboard()["panels"][len(GUIDE)]
    assert (row["type"], row["title"], row["collapsed"]) == ("row", "More", False)


@pytest.mark.parametrize(("title", "kind", "unit", "queries"), GUIDE, ids=[title for title, _, _, _ in GUIDE])
def test_each_is_as_the_guide_says(title: str, kind: str, unit: str, queries: list[tuple[str, str]]) -> None:
    one = panel(title)
    assert one["type"] == kind
    assert one["fieldConfig"]["defaults"]["unit"] == unit
    assert [(target["expr"], target["legendFormat"]) for target in one["targets"]] == queries


def colours(title: str) -> list[tuple[float | None, str]]:
    steps = panel(title)["fieldConfig"]["defaults"]["thresholds"]["steps"]
    return [(step["value"], step["color"]) for step in steps]


def test_the_queue_turns_yellow_at_50_and_red_above_100() -> None:
    assert colours("VOD Queue Depth") == [(None, "green"), (50, "yellow"), (101, "red")]


def test_the_circuit_is_green_yellow_and_red_and_says_its_state() -> None:
    assert colours("Circuit Breaker State") == [(None, "green"), (1, "yellow"), (2, "red")]
    [mapping] = panel("Circuit Breaker State")["fieldConfig"]["defaults"]["mappings"]
    words = {value: (said["text"], said["color"]) for value, said in mapping["options"].items()}
    assert words == {"0": ("closed", "green"), "1": ("half-open", "yellow"), "2": ("open", "red")}


def test_the_dashboard_refreshes_every_30_seconds_and_shows_6_hours() -> None:
    assert dashboard()["refresh"] == "30s"
    assert dashboard()["time"] == {"from": "now-6h", "to": "now"}


def test_the_variables_are_those_of_the_guide() -> None:
    variables: dict[str, dict[str, Any]] = {one["name"]: one for one in dashboard()["templating"]["list"]}
    assert set(variables) == {"datasource", "step", "percentile"}
    assert variables["datasource"]["query"] == "prometheus"
    assert variables["step"]["query"]["query"] == "label_values(vod_processing_step_duration_seconds_bucket, step)"
    assert variables["percentile"]["type"] == "custom"
    assert [option["value"] for option in variables["percentile"]["options"]] == ["0.50", "0.95", "0.99"]

"""The same numbers as histogram_quantile, told by the real promtool where it is installed."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.monitor import history_cast
from tests.monitor.history_cast import NOW
from vodtender.monitor import history
from vodtender.monitor.history import RANGES
from vodtender.monitor.quantiles import histogram_quantile
from vodtender.monitor.sampling import key
from vodtender.telemetry import metrics

BOUNDS = metrics.DOWNLOAD_BUCKETS
CASES = (
    (0, 0, 4, 3, 2, 1, 0),
    (7, 0, 0, 0, 0, 0, 0),
    (0, 0, 0, 0, 0, 0, 5),
    (1, 1, 1, 1, 1, 1, 1),
    (3, 0, 0, 0, 9, 0, 2),
    (120, 800, 410, 77, 12, 3, 1),
)
SHARES = (0.5, 0.95, 0.99)


def test_inside_a_bucket_values_are_spread_evenly() -> None:
    assert histogram_quantile(0.5, (60, 300), (0, 10, 0)) == 180
    assert histogram_quantile(0.5, (60, 300), (10, 0, 0)) == 30


def test_above_the_last_bound_there_is_only_the_bound() -> None:
    assert histogram_quantile(0.99, (60, 300), (1, 0, 9)) == 300


def test_nothing_has_no_percentile() -> None:
    assert histogram_quantile(0.5, (60, 300), (0, 0, 0)) is None


def test_promtool_computes_the_same(tmp_path: Path) -> None:
    if not shutil.which("promtool"):
        if os.environ.get("CI"):
            pytest.fail("promtool is missing: apt install prometheus")
        pytest.skip("promtool is missing: apt install prometheus")
    series, tests = [], []
    for number, counts in enumerate(CASES):
        total = 0
        for bound, count in zip((*BOUNDS, "+Inf"), counts, strict=True):
            total += count
            series.append({"series": f'd_bucket{{case="{number}",le="{bound}"}}', "values": str(total)})
        for share in SHARES:
            expected = {"labels": f'{{case="{number}"}}', "value": histogram_quantile(share, BOUNDS, counts)}
            expr = f'histogram_quantile({share}, d_bucket{{case="{number}"}})'
            tests.append({"expr": expr, "eval_time": "0s", "exp_samples": [expected]})
    rules = {"tests": [{"interval": "15s", "input_series": series, "promql_expr_test": tests}]}
    file = tmp_path / "quantiles.yml"
    file.write_text(json.dumps(rules))
    done = subprocess.run(
        ["promtool", "test", "rules", str(file)], check=False, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.django_db
def test_an_hour_is_looked_back_and_a_reset_is_survived() -> None:
    fast, slow = (key("vod_download_duration_seconds", part=part) for part in ("le:60", "le:3600"))
    history_cast.sample(NOW - 5400, {fast: 90, slow: 5})
    history_cast.sample(NOW - 5385, {fast: 90, slow: 9})
    history_cast.sample(NOW - 3000, {fast: 94, slow: 9})
    history_cast.sample(NOW - 2985, {fast: 4})  # began anew
    history_cast.sample(NOW, {fast: 8})
    found = history.read(RANGES["1h"], NOW)
    buckets = found.buckets(metrics.DOWNLOAD_DURATION)
    medians = found.quantiles(0.5, metrics.DOWNLOAD_DURATION, buckets)
    assert medians == [None, 2700, 60, 45, 30]
    assert found.quantile(0.5, metrics.DOWNLOAD_DURATION, buckets) == 30

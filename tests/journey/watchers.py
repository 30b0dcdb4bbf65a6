"""A real Prometheus and a real Alertmanager, with the project's own files, that watch a product at 1 s."""

from __future__ import annotations

import json
import math
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.journey.product import ROOT, free_port, until
from tests.tools import need
from vodtender.supervision import dies_with_parent

SETTINGS = ROOT / "prometheus"


class QueryError(AssertionError):
    """Prometheus does not take an expression; the text is its answer."""


class Watcher:
    """One of the two, started in a folder of its own."""

    ready = "/-/ready"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"127.0.0.1:{self.port}"
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def get(self, path: str, **parameters: Any) -> Any:
        address = f"http://{self.address}{path}?{urllib.parse.urlencode(parameters, doseq=True)}"
        try:
            with self._opener.open(address, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise QueryError(f"{parameters}: {error.read().decode(errors='replace')}") from None

    def is_ready(self) -> bool:
        try:
            self._opener.open(f"http://{self.address}{self.ready}", timeout=5).close()
        except OSError:
            return False
        return True

    @contextmanager
    def running(self, *arguments: str) -> Iterator[None]:
        log = self.folder / "log"
        with log.open("ab") as out:
            process = subprocess.Popen([*dies_with_parent(), *arguments], cwd=self.folder, stdout=out, stderr=out)
        try:
            until(self.is_ready, 60, f"{arguments[0]} is ready", lambda: log.read_text()[-2000:])
            yield
        finally:
            process.kill()
            process.wait(20)


class Alertmanager(Watcher):
    @contextmanager
    def started(self) -> Iterator[Alertmanager]:
        with self.running(
            need("prometheus-alertmanager"),
            f"--config.file={SETTINGS / 'alertmanager.yml'}",
            f"--storage.path={self.folder}",
            f"--web.listen-address={self.address}",
            "--cluster.listen-address=",
        ):
            yield self

    def alerts(self) -> dict[str, dict[str, Any]]:
        """What it was told, by the alert's name."""
        return {alert["labels"]["alertname"]: alert for alert in self.get("/api/v2/alerts")}


class Prometheus(Watcher):
    @contextmanager
    def started(
        self, target: str, alertmanager: str, *, durations: dict[str, str], token: str = ""
    ) -> Iterator[Prometheus]:
        """`durations`: alerts whose `for` is another here, such as `CircuitBreakerOpen: 2s`.

        With a token it runs with Compose's file, else with that for one machine.
        """
        names = {"localhost:8080": target, "localhost:9093": alertmanager, "_interval: 15s": "_interval: 1s"}
        if token:
            (self.folder / "token").write_text(token)
            names = {
                "vod-api:8080": target,
                "alertmanager:9093": alertmanager,
                "_interval: 15s": "_interval: 1s",
                "/run/secrets/metrics_token": str(self.folder / "token"),
            }
        config = (SETTINGS / ("prometheus.compose.yml" if token else "prometheus.yml")).read_text()
        for old, new in names.items():
            assert old in config
            config = config.replace(old, new)
        (self.folder / "prometheus.yml").write_text(config)
        (self.folder / "alerts.yml").write_text(with_durations((SETTINGS / "alerts.yml").read_text(), durations))
        with self.running(
            need("prometheus"),
            f"--config.file={self.folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self.folder / 'tsdb'}",
            f"--web.listen-address={self.address}",
            "--log.level=warn",
        ):
            yield self

    def query(self, expression: str, *, at: float | None = None) -> list[dict[str, Any]]:
        """The samples of an instant query, each with its labels and its value as text. Raises QueryError."""
        when = {} if at is None else {"time": at}
        result: list[dict[str, Any]] = self.get("/api/v1/query", query=expression, **when)["data"]["result"]
        return [{"labels": row["metric"], "value": row["value"][1]} for row in result]

    def has_data(self, expression: str, *, at: float | None = None) -> bool:
        """Whether any sample is a number."""
        return any(not math.isnan(float(row["value"])) for row in self.query(expression, at=at))

    def number(self, expression: str) -> float:
        """The one sample's value; 0 when there is none."""
        return sum(float(row["value"]) for row in self.query(expression))

    def values_of(self, label: str, series: str) -> list[str]:
        """What Grafana's label_values(series, label) lists."""
        found: list[str] = self.get(f"/api/v1/label/{label}/values", **{"match[]": series})["data"]
        return found

    def alerts(self) -> dict[str, str]:
        """State (pending, firing) by the alert's name."""
        return {row["labels"]["alertname"]: row["state"] for row in self.get("/api/v1/alerts")["data"]["alerts"]}


def with_durations(rules: str, durations: dict[str, str]) -> str:
    head, *each = rules.split("      - alert: ")
    changed = []
    for rule in each:
        name = rule.partition("\n")[0]
        if name in durations:
            before, _, after = rule.partition("        for: ")
            rule = f"{before}        for: {durations[name]}\n{after.partition(chr(10))[2]}"
        changed.append(rule)
    return "      - alert: ".join([head, *changed])

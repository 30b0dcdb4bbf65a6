"""OTEL_EXPORTER_OTLP_ENDPOINT with and without a scheme, and what is no address."""

from __future__ import annotations

from typing import Any

import pytest

from tests.telemetry.tracing.collector import Collector
from vodtender.env import Env, EnvError
from vodtender.telemetry import tracing

NAME = "OTEL_EXPORTER_OTLP_ENDPOINT"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("", ""),
        ("jaeger:4317", "http://jaeger:4317"),
        ("jaeger", "http://jaeger:4317"),
        ("http://jaeger:4317", "http://jaeger:4317"),
        ("http://jaeger:4317/", "http://jaeger:4317"),
        ("https://traces.example", "https://traces.example:4317"),
        ("127.0.0.1:14317", "http://127.0.0.1:14317"),
        ("[::1]:4317", "http://[::1]:4317"),
    ],
)
def test_what_is_meant(said: str, meant: str) -> None:
    assert Env({NAME: said}).collector(NAME) == meant


@pytest.mark.parametrize(
    "said", ["jaeger:port", "jaeger:0", ":4317", "ftp://jaeger", "http://u:hunter2@jaeger", "jaeger/v1/traces", "a b"]
)
def test_what_is_no_address_is_said(said: str) -> None:
    with pytest.raises(EnvError, match=f"{NAME} should be HOST:PORT") as refused:
        Env({NAME: said}).collector(NAME)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize("form", ["{}", "http://{}", "http://{}/"])
def test_spans_arrive_whatever_the_form(collector: Collector, settings: Any, form: str) -> None:
    said = form.format(collector.address)
    settings.OTEL_EXPORTER_OTLP_ENDPOINT = Env({NAME: said}).collector(NAME)
    with tracing.root("sent"):
        pass
    tracing.finish()
    assert collector.wait_for("sent")


def test_a_proxy_for_the_outside_is_not_asked(
    collector: Collector, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    for name in ("https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with tracing.root("sent"):
        pass
    tracing.finish()
    assert collector.wait_for("sent")

"""OTEL_TRACES_SAMPLER and its argument, as OpenTelemetry's specification says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.telemetry.tracing.collector import Collector
from vodtender.env import SAMPLERS, Env, EnvError
from vodtender.telemetry import tracing

SAMPLED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NOT_SAMPLED = SAMPLED[:-1] + "0"


@pytest.mark.parametrize(
    ("sampler", "ratio", "sent"),
    [
        ("always_on", 0.0, ["root", "with", "without"]),
        ("always_off", 1.0, []),
        ("traceidratio", 0.0, []),
        ("traceidratio", 1.0, ["root", "with", "without"]),
        ("parentbased_always_on", 0.0, ["root", "with"]),
        ("parentbased_always_off", 1.0, ["with"]),
        ("parentbased_traceidratio", 0.0, ["with"]),
        ("parentbased_traceidratio", 1.0, ["root", "with"]),
    ],
)
def test_what_is_sent(collector: Collector, settings: Any, sampler: str, ratio: float, sent: list[str]) -> None:
    settings.OTEL_TRACES_SAMPLER, settings.OTEL_TRACES_SAMPLER_ARG = sampler, ratio
    for name, parent in (("root", ""), ("with", SAMPLED), ("without", NOT_SAMPLED)):
        with tracing.root(name, parent=parent):
            assert bool(tracing.trace_id()) == (name in sent)
            assert (int(tracing.traceparent()[-2:], 16) & 1) == (name in sent)
    tracing.finish()
    assert sorted(span.name for span in collector.spans) == sorted(sent)


def test_part_of_the_traces_is_whole(collector: Collector, settings: Any) -> None:
    settings.OTEL_TRACES_SAMPLER, settings.OTEL_TRACES_SAMPLER_ARG = "parentbased_traceidratio", 0.5
    for _ in range(200):
        with tracing.root("root"), tracing.span("part"):
            pass
    tracing.finish()
    roots = {span.trace_id for span in collector.named("root")}
    assert 20 < len(roots) < 180
    assert {span.trace_id for span in collector.named("part")} == roots


def test_the_known_samplers_are_those_of_the_specification() -> None:
    env = Env({"OTEL_TRACES_SAMPLER": "sometimes"})
    with pytest.raises(EnvError, match="OTEL_TRACES_SAMPLER should be one of always_on, always_off, traceidratio, par"):
        env.choice("OTEL_TRACES_SAMPLER", "parentbased_always_on", SAMPLERS)


@pytest.mark.parametrize(("said", "meant"), [("", 1.0), ("0", 0.0), ("0.25", 0.25), (".5", 0.5), ("1.0", 1.0)])
def test_the_argument(said: str, meant: float) -> None:
    assert Env({"OTEL_TRACES_SAMPLER_ARG": said}).fraction("OTEL_TRACES_SAMPLER_ARG", "1") == meant


@pytest.mark.parametrize("said", ["half", "1.5", "-0.1", "nan", "1e-3", "50%"])
def test_what_is_no_fraction_is_said(said: str) -> None:
    with pytest.raises(EnvError, match="OTEL_TRACES_SAMPLER_ARG should be a number from 0 to 1"):
        Env({"OTEL_TRACES_SAMPLER_ARG": said}).fraction("OTEL_TRACES_SAMPLER_ARG", "1")

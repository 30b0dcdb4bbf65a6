"""A scrape of /metrics, read with Prometheus' own parser."""

from __future__ import annotations

from typing import Any

from django.test import Client
from prometheus_client.parser import text_string_to_metric_families


def scrape(client: Client, **headers: str) -> dict[str, Any]:
    """Every family by its name."""
    response = client.get("/metrics", headers=headers)
    assert response.status_code == 200
    return {family.name: family for family in text_string_to_metric_families(response.content.decode())}


def single(client: Client, family: str) -> float:
    """The value of a family that has one sample without labels."""
    (sample,) = scrape(client)[family].samples
    assert not sample.labels
    return float(sample.value)


def labelled(client: Client, family: str) -> dict[str, float]:
    """Values by the one label that the family has; empty when it has no samples."""
    samples = scrape(client)[family].samples
    return {next(iter(sample.labels.values())): sample.value for sample in samples}

"""Counts the bytes that attempts moved: what their rows say, so that the counters agree with the Attempt table."""

from __future__ import annotations

from vods.models import Step
from vodtender.telemetry import metrics
from vodtender.telemetry.store import Count

_COUNTERS = {Step.DOWNLOAD: metrics.DOWNLOAD_BYTES, Step.UPLOAD: metrics.UPLOAD_BYTES}


def counts(step: str, size: int) -> list[Count]:
    """What to count when an attempt of `step` has ended, in the transaction that closes it. A check moves nothing."""
    return [Count(_COUNTERS[Step(step)], (), size)] if step in _COUNTERS and size > 0 else []

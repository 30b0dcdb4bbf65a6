"""Made-up samples: a busy week, or single moments that a test spells out."""

from __future__ import annotations

import math
import random
from collections.abc import Mapping

from vodtender.monitor import sampling
from vodtender.monitor.models import Sample
from vodtender.telemetry import metrics, store

NOW = 1_790_000_100  # a multiple of 300
CHANNELS = ("harbourlights", "mossandstone", "tidewater", "quill_and_ink")


def sample(at: int, numbers: Mapping[str, float], *, kept: bool | None = None) -> Sample:
    """One row; the counters in `numbers` are named as sampling.key names them."""
    row = made(at, dict(numbers), kept=kept)
    row.save(force_insert=True)
    return row


def made(at: int, numbers: dict[str, float], *, kept: bool | None = None) -> Sample:
    return Sample(
        at=at,
        kept=at % sampling.COARSE == 0 if kept is None else kept,
        queue_depth=int(numbers.pop(sampling.QUEUE, 0)),
        circuit_state=int(numbers.pop(sampling.CIRCUIT, 0)),
        numbers=numbers,
    )


def counts(at: Mapping[int, float], name: str) -> None:
    """One counter at several moments."""
    for moment, value in at.items():
        sample(moment, {name: value})


def moments(now: int) -> list[int]:
    """As many as the worker keeps."""
    fine = range(now - sampling.FINE_FOR, now + 1, sampling.INTERVAL)
    first = now - now % sampling.COARSE - sampling.COARSE_FOR
    return [*range(first, fine[0], sampling.COARSE), *fine]


def a_week(now: int, *, channels: tuple[str, ...] = CHANNELS) -> int:
    """A week of work that ends at `now`, a multiple of 15, and the number of its rows."""
    dice, before = random.Random(7), 0
    numbers: dict[str, float] = {}

    def add(series: metrics.Counter | metrics.Histogram, labels: tuple[str, ...], amount: float, part: str) -> None:
        if amount:
            name = sampling.key(series.name, labels, part)
            numbers[name] = numbers.get(name, 0) + amount

    rows = []
    for at in moments(now):
        quarters = (at - (before or at)) / sampling.INTERVAL
        for _ in range(min(4, round(quarters))):
            weight = max(1, quarters / 4)
            busy = weight + weight * math.sin(at / 86400 * math.tau)
            if dice.random() < 0.012 * busy:
                add(metrics.DOWNLOADS_STARTED, (), 1, "value")
                failed = dice.random() < 0.1
                add(metrics.DOWNLOADS_FAILED if failed else metrics.DOWNLOADS_SUCCEEDED, (), 1, "value")
                taken = dice.lognormvariate(6.2, 0.6)
                add(metrics.DOWNLOAD_DURATION, (), 1, store.bucket_part(metrics.DOWNLOAD_DURATION, taken))
            if dice.random() < 0.008 * busy:
                add(metrics.UPLOADS_FAILED if dice.random() < 0.08 else metrics.UPLOADS_SUCCEEDED, (), 1, "value")
                part = store.bucket_part(metrics.UPLOAD_DURATION, dice.lognormvariate(5, 0.7))
                add(metrics.UPLOAD_DURATION, (), 1, part)
            for place, channel in enumerate(channels):
                live = math.sin(at / 30000 + place * 1.7) > 0
                add(
                    metrics.CHAT_MESSAGES,
                    (channel,),
                    int(weight * dice.expovariate(0.03 + 0.02 * place)) * live,
                    "value",
                )
            for endpoint, share in (("users", 0.03), ("videos", 0.2), ("streams", 0.5)):
                status = "200" if dice.random() > 0.01 else "503"
                add(metrics.HELIX_CALLS, (endpoint, status), int(weight * share + dice.random()), "value")
            add(metrics.TOKEN_REFRESHES, ("twitch", "success"), int(dice.random() < 0.004 * weight), "value")
            add(metrics.TOKEN_REFRESHES, ("youtube", "success"), int(dice.random() < 0.003 * weight), "value")
            add(metrics.TOKEN_REFRESHES, ("youtube", "failure"), int(dice.random() < 0.0003 * weight), "value")
        before = at
        ago = now - at
        depth = round(40 + 38 * math.cos(ago / 9000 + 0.6) + 6 * math.cos(ago / 700))
        trouble = math.sin(ago / 5100 + 1.3)
        state = 2 if trouble > 0.985 else 1 if trouble > 0.97 else 0
        pool = {sampling.POOL_SIZE: 6, sampling.POOL_IN_USE: int(dice.expovariate(1.2)) % 6}
        gauges = {sampling.QUEUE: max(0, depth), sampling.CIRCUIT: state, **pool}
        rows.append(made(at, {**numbers, **gauges}))
    Sample.objects.bulk_create(rows, batch_size=200)
    return len(rows)

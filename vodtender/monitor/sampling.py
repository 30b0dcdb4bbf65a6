"""Takes a sample of the counters and gauges every 15 seconds, and forgets old ones in small steps.

Size: every 15 s for 6.5 hours and every 5 min for a week and an hour are 3,600 rows, never more than 200 above that. A
row has about 1.3 kB with 4 channels: 5 MB in all (measured on SQLite), and 0.2 MB for each further channel.
"""

from __future__ import annotations

import time

from django.db.models import Q, Sum

from vods.dbclock import DbNow
from vodtender.gauges import CIRCUIT_VALUES, circuit_state, queue_depth
from vodtender.monitor.models import Sample, WebProcess
from vodtender.telemetry import metrics, store

INTERVAL = 15  # seconds between samples
COARSE = 300  # seconds between those that are kept for long
FINE_FOR = 6 * 3600 + 1800  # seconds: the 6 hours that the page shows, and what rates look back
COARSE_FOR = 7 * 86400 + 3600
FUTURE = 3600  # seconds; what is later than that was written under a wrong clock
AT_ONCE = 200  # rows removed by one step
ROWS_AT_MOST = FINE_FOR // INTERVAL + COARSE_FOR // COARSE + AT_ONCE
PROCESS_FRESH = 45.0  # seconds after which a web process that said nothing is taken as gone

QUEUE = "vod_queue_depth"
CIRCUIT = "vod_circuit_breaker_state"
POOL_SIZE = "database_connection_pool_size"
POOL_IN_USE = "database_connection_pool_in_use"
SERIES = (
    metrics.DOWNLOADS_STARTED,
    metrics.DOWNLOADS_SUCCEEDED,
    metrics.DOWNLOADS_FAILED,
    metrics.DOWNLOAD_DURATION,
    metrics.UPLOADS_SUCCEEDED,
    metrics.UPLOADS_FAILED,
    metrics.UPLOAD_DURATION,
    metrics.CHAT_MESSAGES,
    metrics.TOKEN_REFRESHES,
    metrics.HELIX_CALLS,
)


def key(name: str, labels: tuple[str, ...] = (), part: str = "value") -> str:
    """Name of one number in a sample: `helix_api_calls["users","200"]value`."""
    return f"{name}{store.label_key(labels)}{part}"


class Sampler:
    """A worker's timer. Of several workers one takes the sample of a moment."""

    def __init__(self) -> None:
        self._last = 0

    def tick(self, now: float | None = None) -> None:
        """Cheap between the moments: may be called as often as one likes. May raise DatabaseError."""
        moment = int(time.time() if now is None else now) // INTERVAL * INTERVAL
        if moment == self._last:
            return
        self._last = moment  # a moment that fails is not tried again
        if take(moment):
            forget(moment)


def take(moment: int) -> bool:
    """Stores the sample of `moment`; False when it is there already."""
    if Sample.objects.filter(pk=moment).exists():
        return False
    within = Sample.objects.filter(kept=True, at__gte=moment - moment % COARSE, at__lt=moment)
    sample = Sample(
        at=moment,
        kept=not within.exists(),
        queue_depth=queue_depth(),
        circuit_state=CIRCUIT_VALUES[circuit_state()],
        numbers=numbers_now(),
    )
    Sample.objects.bulk_create([sample], ignore_conflicts=True)
    return True


def numbers_now() -> dict[str, float]:
    """Counters and the pool, by key. The pool is left out when no web process tells of its own."""
    found: dict[str, float] = {}
    alive = WebProcess.objects.filter(seen__gt=DbNow(-PROCESS_FRESH))
    pool = alive.aggregate(size=Sum("pool_size"), in_use=Sum("pool_in_use"))
    if pool["size"] is not None:
        found[POOL_SIZE], found[POOL_IN_USE] = pool["size"], pool["in_use"]
    for (name, labels, part), value in store.values(series.name for series in SERIES).items():
        if value and part != "sum":
            found[f"{name}{labels}{part}"] = int(value) if value.is_integer() else value
    return found


def forget(now: int) -> int:
    """Removes a bounded number of rows that are not needed any more, and returns how many."""
    old = Q(kept=False, at__lt=now - FINE_FOR) | Q(at__lt=now - COARSE_FOR) | Q(at__gt=now + FUTURE)
    moments = list(Sample.objects.filter(old).values_list("at", flat=True)[:AT_ONCE])
    if moments:
        Sample.objects.filter(at__in=moments).delete()
    if now % COARSE == 0:
        WebProcess.objects.filter(seen__lt=DbNow(-10 * PROCESS_FRESH)).delete()
    return len(moments)

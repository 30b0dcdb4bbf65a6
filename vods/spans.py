"""What the traces say of work on a VOD: the spans `processOnce`, `download`, `upload` and `verify`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from django.conf import settings

from vods.leasing import Lease, Stage
from vods.models import PENDING, Switchboard, Vod
from vods.places import video_file
from vodtender.telemetry import tracing
from vodtender.telemetry.tracing import Span

TITLE_LENGTH = 200


def process_once(lease: Lease, began_ns: int) -> AbstractContextManager[Span]:
    """Goes on with the trace in which the VOD was queued; the claim may serve another one than the task was for."""
    if not tracing.on():
        return tracing.root("processOnce")
    return tracing.root("processOnce", _claimed(lease), parent=lease.vod.traceparent, began_ns=began_ns)


@contextmanager
def step(lease: Lease, name: str) -> Iterator[Span]:
    """`name`: download, upload or verify."""
    began = time.monotonic()
    vod = lease.vod
    about: dict[str, tracing.Value] = {**_named(vod), f"{name}.path": str(_path(vod, lease.stage))}
    with tracing.span(name, about) as span:
        try:
            yield span
        finally:
            span.tell({f"{name}.duration_ms": int((time.monotonic() - began) * 1000)})


def _claimed(lease: Lease) -> dict[str, tracing.Value]:
    vod = lease.vod
    breaker = vod.channel if lease.stage == Stage.DOWNLOAD else Switchboard.read()
    return {
        **_named(vod),
        "vod.date": vod.started_at.isoformat(),
        "queue_depth": Vod.objects.filter(state__in=PENDING, live=False).count(),
        "circuit.state": str(breaker.circuit_state),
    }


def _named(vod: Vod) -> dict[str, tracing.Value]:
    return {"vod.id": vod.twitch_id, "vod.title": vod.title[:TITLE_LENGTH]}


def _path(vod: Vod, stage: Stage) -> Path:
    if stage == Stage.UPLOAD or vod.file_path:
        return Path(settings.MEDIA_DIR) / vod.file_path
    return video_file(vod.channel.login, vod.twitch_id)

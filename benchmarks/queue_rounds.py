"""One round of bench-queue in a process of its own: fill a database, or measure in it."""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import django

django.setup()

from django.conf import settings
from django.core.management import call_command
from django_q.models import OrmQ

from oauth.crypto import seal
from oauth.models import Provider, Token
from vods import dispatch, leasing
from vods.leasing import Stage
from vods.models import Channel, State, Vod

CHANNELS = 20
# As in an archive that has run for years: nearly all is done, some of everything else.
STATES = [State.DONE] * 60 + [State.QUEUED] * 20 + [State.FAILED] * 5 + [State.IGNORED] * 10 + [State.SKIPPED] * 5
TIMES = 60


def fill(size: int) -> None:
    Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    channels = [Channel.objects.create(login=f"channel{number}") for number in range(CHANNELS)]
    Token.objects.create(provider=Provider.YOUTUBE, access_token=seal("a"), refresh_token=seal("r"))
    start, now = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC)
    Vod.objects.bulk_create(
        [
            Vod(
                twitch_id=str(10**9 + number),
                channel=channels[number % CHANNELS],
                title=f"VOD {number}",
                started_at=start + timedelta(minutes=number),
                state=(state := STATES[number % len(STATES)]),
                priority=number % 3,
                not_before=now + timedelta(hours=number % 5 - 2) if state == State.FAILED else None,
                file_path=f"{number}.mp4" if state == State.DONE else "",
                youtube_id=f"video{number}" if state == State.DONE else "",
            )
            for number in range(size)
        ],
        batch_size=1000,
    )


def measure() -> tuple[float, float]:
    """Seconds of one claim and of one dispatch pass, medians."""
    channels = list(Channel.objects.values_list("pk", flat=True))
    claims, passes = [], []
    for _ in range(TIMES):
        began = time.perf_counter()
        lease = leasing.claim(Stage.DOWNLOAD, limit=10_000, channels=channels)
        claims.append(time.perf_counter() - began)
        assert lease is not None
        lease.leave(State.QUEUED)
    for _ in range(TIMES):
        began = time.perf_counter()
        dispatch.pass_once()
        passes.append(time.perf_counter() - began)
        OrmQ.objects.all().delete()
    return median(claims), median(passes)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]))
    else:
        print(*measure())

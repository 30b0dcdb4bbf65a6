"""One round of the scrape half of bench-telemetry, in a process of its own: fill a database, or scrape it."""

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
from django.test import Client

from chat.ingest import Row, ingest
from chat.messages import ChatMessage
from chat.models import Recording
from vods.models import Attempt, Channel, State, Vod
from vodtender import health

CHANNELS = 20
# A channel with all of its past just queued: what waits is what a scrape has to count.
STATES = [State.DONE] * 20 + [State.QUEUED] * 70 + [State.FAILED] * 10
TIMES = 25
BATCH = 1000


def fill(vods: int, messages: int) -> None:
    Path(settings.DATA_DIR).mkdir(parents=True, exist_ok=True)
    call_command("migrate", verbosity=0)
    channels = [Channel.objects.create(login=f"channel{number}") for number in range(CHANNELS)]
    start = datetime(2020, 1, 1, tzinfo=UTC)
    made = Vod.objects.bulk_create(
        [
            Vod(
                twitch_id=str(10**9 + number),
                channel=channels[number % CHANNELS],
                title=f"VOD {number}",
                started_at=start + timedelta(minutes=number),
                state=(state := STATES[number % len(STATES)]),
                state_changed_at=start + timedelta(minutes=number),
                priority=number % 3,
                file_path=f"{number}.mp4" if state == State.DONE else "",
                youtube_id=f"video{number}" if state == State.DONE else "",
            )
            for number in range(vods)
        ],
        batch_size=BATCH,
    )
    done = [vod for vod in made if vod.state == State.DONE]
    ended = Attempt.Outcome.SUCCEEDED
    Attempt.objects.bulk_create(
        [Attempt(vod=vod, step="download", started_at=start, ended_at=start, outcome=ended) for vod in done],
        batch_size=BATCH,
    )
    _chat([Recording.objects.create(channel=channel, started_at=start).pk for channel in channels], start, messages)


def _chat(recordings: list[int], start: datetime, messages: int) -> None:
    first = int(start.timestamp() * 1000)
    empty = dict.fromkeys(("display_name", "colour", "badges", "emotes", "system_text", "reply_to"), "")
    for begin in range(0, messages, BATCH):
        ingest(
            [
                Row(
                    recordings[number % CHANNELS],
                    f"channel{number % CHANNELS}",
                    ChatMessage(
                        **empty,
                        message_id=f"m{number}",
                        sent_at=first + number * 100,
                        kind="message",
                        user_id=str(number % 500),
                        login=f"user{number % 500}",
                        text="What a play!",
                        bits=0,
                    ),
                )
                for number in range(begin, min(begin + BATCH, messages))
            ]
        )


def scrape() -> float:
    """Seconds that the real view takes, its thread and its connection included: a median."""
    client = Client()
    times = []
    for _ in range(TIMES):
        began = time.perf_counter()
        answer = client.get("/metrics")
        times.append(time.perf_counter() - began)
        assert answer.status_code == 200
    assert b"chat_messages_recorded_total" in answer.content
    return median(times)


if __name__ == "__main__":
    if sys.argv[1] == "fill":
        fill(int(sys.argv[2]), int(sys.argv[3]))
    else:
        print(scrape())
        health.READER.ask(lambda: None).result()  # nothing of ours is at work when the process ends

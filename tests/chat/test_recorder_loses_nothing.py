"""The whole recorder against a chat server that breaks off: every message is stored once, or lies in a declared gap."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import pytest
from django.db import OperationalError

from chat import presence, writer
from chat import recorder as recorders
from chat.connection import Connection, Timing
from chat.live import LiveStream
from chat.models import Gap, Message, Recording
from chat.recorder import Plan, Recorder
from chat.threads import in_thread
from tests.cast import pia
from tests.chat.ircserver import IrcServer, eventually, serving
from vods.models import Channel
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db(transaction=True)

T = TypeVar("T")
QUICK = Timing(connect=2, quiet=1, answer=1, join_answer=0.5, backoff=0.05, most_backoff=0.2)


class Twitch:
    """Says who is live, or that it cannot."""

    def __init__(self) -> None:
        self.live: dict[str, LiveStream] = {}
        self.away = False
        self.asked = 0

    async def __call__(self, logins: list[str]) -> dict[str, LiveStream]:
        self.asked += 1
        if self.away:
            raise ServiceError("Twitch", ErrorKind.TRANSIENT, "Twitch cannot be reached.")
        return {login: stream for login, stream in self.live.items() if login in logins}

    def goes_live(self, login: str = "pia", stream_id: str = "900") -> None:
        self.live[login] = LiveStream(stream_id, login, datetime.now(UTC).replace(microsecond=0))


class Stage:
    def __init__(self, folder: Path, server: IrcServer) -> None:
        self.server = server
        self.twitch = Twitch()
        self.looked_for: list[int] = []
        self.plan = Plan(folder, self.twitch, self.looked_for.append, poll_interval=0.05, after_end_delay=0.05)

    @asynccontextmanager
    async def recording(self) -> AsyncIterator[Recorder]:
        url = f"irc://127.0.0.1:{self.server.port}"
        recorder = Recorder(self.plan, lambda listener: Connection(url, listener, timing=QUICK))
        task = asyncio.create_task(recorder.run())
        try:
            yield recorder
        finally:
            recorder.stop()
            async with asyncio.timeout(5):
                await task

    async def joined(self, channel: str = "pia") -> None:
        await eventually(lambda: self.server.joined(channel), f"joined {channel}")

    async def runs(self, amount: int = 1) -> None:
        await holds(lambda: Recording.objects.filter(ended_at=None).count() == amount, f"{amount} running recordings")

    async def polled(self, times: int = 3) -> None:
        seen = self.twitch.asked
        await eventually(lambda: self.twitch.asked >= seen + times, "polls")

    def missing(self) -> list[tuple[str, int]]:
        """What was said and is neither stored nor within a declared gap; and it checks that nothing is there twice."""
        stored = list(Message.objects.values_list("message_id", flat=True))
        assert len(stored) == len(set(stored))
        gaps = list(Gap.objects.exclude(ended_at=None).values_list("started_at", "ended_at"))
        bounds = [(start.timestamp() * 1000, end.timestamp() * 1000) for start, end in gaps]
        known = set(stored)
        return [
            (id_, ms)
            for id_, ms in self.server.sent
            if id_ not in known and not any(start <= ms <= end for start, end in bounds)
        ]


async def holds(condition: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    async with asyncio.timeout(seconds):
        while not await in_thread(condition):
            await asyncio.sleep(0.02)


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorders, "BATCH_SECONDS", 0.02)
    monkeypatch.setattr(recorders, "SYNC_SECONDS", 0.1)
    monkeypatch.setattr(recorders, "TELL_SECONDS", 0.1)


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    pia()
    with serving() as server:
        yield Stage(tmp_path, server)


def stored(*ids: str) -> Callable[[], bool]:
    return lambda: set(ids) <= set(Message.objects.values_list("message_id", flat=True))


def test_drops_reconnects_and_duplicates_cost_nothing_but_declared_gaps(stage: Stage) -> None:
    async def scene() -> None:
        stage.twitch.goes_live()
        async with stage.recording():
            await stage.joined()
            await stage.runs()
            for round_ in range(10):
                stage.server.say("pia", 50, twice=round_ % 2 == 0)
                before = stage.server.accepted
                stage.server.drop() if round_ % 3 else stage.server.reconnect()
                stage.server.say("pia", 5)  # nobody may be there to hear it
                await eventually(lambda seen=before: stage.server.accepted > seen, "connected again")
                await stage.joined()
            stage.server.say("pia", 1)
            await holds(stored(stage.server.sent[-1][0]), "the last message")
            await holds(lambda: not Gap.objects.filter(ended_at=None).exists(), "all gaps closed")

    asyncio.run(scene())
    assert stage.missing() == []
    assert Message.objects.count() >= 250
    reconnections = store.values(["chat_reconnections"])["chat_reconnections", "[]", "value"]
    assert reconnections == 10
    recorded = store.values(["chat_messages_recorded"])["chat_messages_recorded", '["pia"]', "value"]
    assert recorded == Message.objects.count()


def test_it_tells_whether_the_chat_arrives(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.recording():
            await stage.joined()
            await holds(lambda: presence.read().connected == {"pia": True}, "told that the chat arrives")

    asyncio.run(scene())
    assert presence.read().connected == {"pia": False}


def test_a_stream_is_recorded_from_before_it_was_known_until_it_is_gone_twice(stage: Stage) -> None:
    async def scene() -> None:
        async with stage.recording():
            await stage.joined()
            await stage.polled()
            stage.server.say("pia", 3)
            await stage.polled()
            stage.twitch.goes_live()
            await holds(stored("id-pia-0", "id-pia-1", "id-pia-2"), "the lead")
            stage.twitch.live.clear()
            await stage.runs(0)
            await eventually(lambda: stage.looked_for, "looked for its VOD")
            await holds(lambda: Channel.objects.get().live_stream_id == "", "the channel is not live")

    asyncio.run(scene())
    assert stage.looked_for == [Channel.objects.get().pk]


def test_while_twitch_cannot_be_asked_the_recording_goes_on(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    async def scene() -> None:
        stage.twitch.goes_live()
        async with stage.recording():
            await stage.runs()
            stage.twitch.away = True
            await stage.polled(4)
            stage.server.say("pia")
            await holds(stored("id-pia-0"), "the message")
            await stage.runs()

    asyncio.run(scene())
    assert caplog.text.count("Who is live cannot be asked") == 1


def test_channels_are_picked_up_and_left_without_a_restart(stage: Stage) -> None:
    async def scene() -> None:
        stage.twitch.goes_live()
        async with stage.recording():
            await stage.runs()
            await in_thread(lambda: Channel.objects.create(login="mia"))
            await stage.joined("mia")
            stage.twitch.goes_live("mia", "901")
            await stage.runs(2)
            await in_thread(lambda: Channel.objects.filter(login="pia").update(record_chat=False))
            await stage.runs(1)
            await eventually(lambda: not stage.server.joined("pia"), "left")

    asyncio.run(scene())
    assert Recording.objects.get(ended_at=None).channel.login == "mia"


def test_a_restart_goes_on_with_the_recording_and_declares_the_time_between(stage: Stage) -> None:
    async def scene() -> None:
        stage.twitch.goes_live()
        async with stage.recording():
            await stage.joined()
            await stage.runs()
            stage.server.say("pia", 5)
        stage.server.say("pia", 5)
        async with stage.recording():
            await stage.joined()
            stage.server.say("pia", 5)
            await holds(stored("id-pia-14"), "the last message")
            await holds(lambda: not Gap.objects.filter(ended_at=None).exists(), "all gaps closed")

    asyncio.run(scene())
    assert Recording.objects.count() == 1
    assert Message.objects.count() == 10
    assert stage.missing() == [], list(Gap.objects.values())


def test_a_database_that_is_away_for_a_while_costs_nothing(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    real, away = writer.ingest, True

    def ingest(*batch: object) -> int:
        if away:
            raise OperationalError("database is locked")
        return real(*batch)  # type: ignore[arg-type]

    async def scene() -> None:
        nonlocal away
        stage.twitch.goes_live()
        away = False
        monkeypatch.setattr(writer, "ingest", ingest)
        async with stage.recording():
            await stage.joined()
            await stage.runs()
            away = True
            stage.server.say("pia", 1500)
            stage.server.drop()
            await eventually(lambda: not stage.server.joined("pia"), "gone")
            await stage.joined()
            stage.server.say("pia", 10)
            await stage.polled(3)
            away = False
            await holds(stored(stage.server.sent[-1][0]), "the last message")
            await holds(lambda: not Gap.objects.filter(ended_at=None).exists(), "all gaps closed")

    asyncio.run(scene())
    assert stage.missing() == []


def test_a_full_disk_stops_the_reading_and_loses_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    full = True
    real = recorders.Journal.append

    def append(journal: recorders.Journal, lines: list[bytes], received: float) -> None:
        if full:
            raise OSError(28, "No space left on device")
        real(journal, lines, received)

    async def scene() -> None:
        nonlocal full
        full = False
        stage.twitch.goes_live()
        async with stage.recording():
            await stage.joined()
            await stage.runs()
            full = True
            stage.server.say("pia", 20)
            await eventually(lambda: "free the disk" in caplog.text, "the complaint")
            full = False
            await holds(stored("id-pia-19"), "the messages")

    monkeypatch.setattr(recorders.Journal, "append", append)
    asyncio.run(scene())
    assert stage.missing() == []

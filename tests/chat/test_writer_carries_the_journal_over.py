"""The writer: from the journal to recordings, messages and gaps, also when it is all read twice."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from django.db import DataError, OperationalError

from chat import writer
from chat.ingest import Row
from chat.journal import Journal
from chat.live import LiveStream
from chat.models import Gap, Message, Recording
from chat.writer import Writer
from tests.cast import pia
from tests.chat.chatcast import START, START_MS, after, join, privmsg, recording, stream
from vods.models import Channel
from vodtender.telemetry import store

pytestmark = pytest.mark.django_db


class Stage:
    """A journal with a clock in the stream's time, and the writer behind it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = 0.0
        self.ended: list[int] = []
        self.start()

    def start(self) -> None:
        """A new process on the same folder."""
        self.journal = Journal(self.folder / "journal", clock=lambda: START_MS / 1000 + self.now)
        self.writer = Writer(self.journal, self.folder / "refused.log", self.ended.append)
        self.writer.sync_channels()

    def hears(self, seconds: float, *lines: bytes) -> None:
        self.now = seconds
        self.journal.append(lines, START_MS / 1000 + seconds)

    def happens(self, seconds: float, event: str, **facts: Any) -> None:
        self.now = seconds
        self.journal.append_event({"event": event, **facts})

    def begins(self, seconds: float, live: LiveStream) -> None:
        facts = {"stream_id": live.stream_id, "started_at": live.started_at.isoformat()}
        self.happens(seconds, "began", login=live.login, **facts)

    def loses(self, seconds: float, heard: float | None) -> None:
        self.happens(seconds, "lost", heard=None if heard is None else START_MS + round(heard * 1000), reason="cut")

    def drain(self) -> None:
        self.writer.drain(lambda: False)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    pia()
    return Stage(tmp_path)


def ids(of: str = "900") -> list[str]:
    return list(Message.objects.filter(recording__stream_id=of).values_list("message_id", flat=True))


def gaps() -> list[tuple[datetime, datetime | None]]:
    return list(Gap.objects.values_list("started_at", "ended_at"))


def test_a_recording_holds_the_minutes_before_it_was_known_and_what_follows(stage: Stage) -> None:
    stage.hears(-600, join(), privmsg("too-old", -600))
    stage.hears(-200, privmsg("before", -200))
    stage.hears(20, privmsg("early", 20))
    stage.begins(25, stream())
    stage.hears(30, privmsg("later", 30))
    stage.drain()
    assert ids() == ["before", "early", "later"]
    assert gaps() == []
    channel = Channel.objects.get()
    assert (channel.live_stream_id, channel.live_since) == ("900", START)


def test_what_nobody_heard_before_the_join_is_a_gap(stage: Stage) -> None:
    stage.hears(100, join())
    stage.begins(120, stream())
    stage.drain()
    assert gaps() == [(START, after(100))]


def test_a_lost_connection_is_a_gap_until_the_join_is_answered(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.loses(50, heard=40)
    stage.drain()
    assert gaps() == [(after(40), None)]
    stage.hears(60, join(), privmsg("m", 60))
    stage.drain()
    assert gaps() == [(after(40), after(60))]
    assert ids() == ["m"]


def test_a_stream_that_begins_while_nobody_listens_has_its_gap(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.loses(20, heard=10)
    stage.begins(30, stream())
    stage.drain()
    assert gaps() == [(after(10), None)]
    stage.hears(60, join())
    stage.drain()
    assert gaps() == [(after(10), after(60))]


def test_it_ends_and_says_so(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.happens(100, "ended", login="pia", stream_id="900")
    stage.hears(110, privmsg("after", 110))
    stage.drain()
    row = Recording.objects.get()
    assert row.ended_at == after(100)
    assert stage.ended == [row.channel_id]
    assert ids() == []
    assert Channel.objects.get().live_stream_id == ""


def test_a_message_that_was_on_its_way_when_the_stream_ended_is_in_its_recording(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.happens(100, "ended", login="pia", stream_id="900")
    stage.hears(100.2, privmsg("on-its-way", 99.9), privmsg("afterwards", 100.1))
    stage.drain()
    assert ids() == ["on-its-way"]


def test_the_same_stream_again_goes_on_with_its_recording_and_what_was_let_go_is_a_gap(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.happens(100, "ended", login="pia", stream_id="900")
    stage.hears(150, privmsg("let-go", 150))
    stage.hears(1000, privmsg("kept", 1000))
    stage.drain()
    stage.writer.offline(["pia"], after(1010))
    stage.begins(1020, stream())
    stage.drain()
    assert Recording.objects.get().ended_at is None
    assert ids() == ["kept"]
    assert gaps() == [(after(100), after(150))]


def test_another_stream_ends_the_first_and_takes_its_own_messages(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.hears(50, privmsg("first", 50), privmsg("second", 81))
    stage.begins(90, stream("901", 80))
    stage.hears(91, privmsg("third", 91))
    stage.drain()
    assert Recording.objects.get(stream_id="900").ended_at == after(80)
    assert ids("900") == ["first"]
    assert ids("901") == ["second", "third"]
    assert len(stage.ended) == 1


def test_deletions_mark_messages_that_are_stored_and_those_that_are_kept_back(stage: Stage) -> None:
    stage.hears(-10, join(), privmsg("kept-back", -10), b"@target-msg-id=kept-back :t CLEARMSG #pia :x")
    stage.begins(5, stream())
    stage.hears(20, privmsg("m", 20, login="bob"), b"@tmi-sent-ts=%d :t CLEARCHAT #pia :bob" % (START_MS + 20_500))
    stage.drain()
    assert Message.objects.exclude(deleted_at=None).count() == 2


def test_reading_it_all_again_after_a_crash_changes_nothing(stage: Stage) -> None:
    stage.hears(-10, join(), privmsg("lead", -10))
    stage.begins(5, stream())
    stage.hears(20, privmsg("m1", 20), privmsg("m2", 21))
    stage.loses(50, heard=40)
    stage.hears(60, join(), privmsg("m3", 61))
    stage.drain()
    before = (ids(), gaps(), list(Recording.objects.values()), store.values(["chat_messages_recorded"]))
    stage.start()
    stage.drain()
    assert (ids(), gaps(), list(Recording.objects.values()), store.values(["chat_messages_recorded"])) == before


def test_what_was_not_stored_at_a_crash_is_stored_by_the_next_process(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.drain()
    stage.hears(20, privmsg("m1", 20))
    stage.start()
    stage.loses(90, heard=19)
    stage.drain()
    assert ids() == ["m1"]
    assert gaps() == [(after(19), None)]


def test_a_crash_between_the_loss_and_the_join_keeps_the_gap_open(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.loses(50, heard=40)
    stage.drain()
    stage.start()
    stage.loses(80, heard=41)
    stage.drain()
    assert gaps() == [(after(40), None)]
    stage.hears(90, join())
    stage.drain()
    assert gaps() == [(after(40), after(90))]


def test_without_a_journal_the_gap_begins_at_the_last_stored_message(stage: Stage) -> None:
    row = recording()
    Message.objects.create(recording=row, message_id="m", sent_at=START_MS + 30_000)
    stage.start()
    stage.loses(100, heard=None)
    stage.drain()
    assert gaps() == [(after(30), None)]


@pytest.mark.django_db(transaction=True)
def test_a_running_recording_that_was_deleted_begins_anew(stage: Stage) -> None:
    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.drain()
    Recording.objects.all().delete()
    stage.hears(20, privmsg("m", 20))
    stage.drain()
    assert ids() == ["m"]


@pytest.mark.django_db(transaction=True)
def test_a_message_that_the_database_refuses_does_not_hold_up_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = writer.ingest

    def picky(rows: Sequence[Row], deletions: Iterable[Any] = ()) -> int:
        if any(row.message.text == "poison" for row in rows):
            raise DataError("it does not fit")
        return real(rows, deletions)

    recording()
    stage.start()
    monkeypatch.setattr(writer, "ingest", picky)
    poison = privmsg("m2", 21, "poison")
    stage.hears(20, privmsg("m1", 20), poison, privmsg("m3", 22))
    stage.drain()
    assert ids() == ["m1", "m3"]
    assert poison in (stage.folder / "refused.log").read_bytes()


@pytest.mark.django_db(transaction=True)
def test_while_the_database_is_away_nothing_is_lost(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> int:
        raise OperationalError("database is locked")

    stage.hears(-10, join())
    stage.begins(5, stream())
    stage.drain()
    stage.hears(20, privmsg("m1", 20))
    with monkeypatch.context() as patched:
        patched.setattr(writer, "ingest", away)
        for _ in range(3):
            with pytest.raises(OperationalError):
                stage.drain()
    stage.hears(21, privmsg("m2", 21))
    stage.drain()
    assert ids() == ["m1", "m2"]


def test_lines_of_strangers_and_of_channels_that_are_switched_off_are_dropped(stage: Stage) -> None:
    recording()
    stage.start()
    stage.hears(5, privmsg("stranger", 5, channel="nobody"), privmsg("m", 5))
    stage.drain()
    assert ids() == ["m"]


def test_channels_are_learned_from_the_database(stage: Stage) -> None:
    Channel.objects.create(login="mia")
    Channel.objects.create(login="off", record_chat=False)
    assert sorted(stage.writer.sync_channels()) == ["mia", "pia"]
    Channel.objects.filter(login="mia").update(record_chat=False)
    assert stage.writer.sync_channels() == ["pia"]


def test_a_reconnection_is_counted_once(stage: Stage) -> None:
    stage.writer.reconnections += 2
    stage.drain()
    stage.drain()
    assert store.values(["chat_reconnections"]) == {("chat_reconnections", "[]", "value"): 2.0}

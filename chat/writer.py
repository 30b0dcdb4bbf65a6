"""Carries the journal over into the database, record by record, in order.

1. Messages and deletions of a channel that is being recorded are stored; those of a channel that is not are kept back
   (lead.py), because Twitch says late that a stream has begun.
2. A beginning opens the recording and gives it what was kept back; whatever of the stream was not heard is a gap.
3. A lost connection opens a gap in every running recording, the answer to the JOIN closes it.
4. What is in the database is cut off the journal. Every step may be repeated: after a crash some are.

Methods run in one thread at a time. They raise django.db.Error when the database is away; call `drain` again later.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from django.db import DataError, IntegrityError, connection, transaction

from chat import irc, messages, recordings
from chat.ingest import Row, ingest, moment
from chat.journal import Journal, Record
from chat.lead import LEAD_MS, Lead
from chat.live import LiveStream
from chat.messages import ChatMessage, Deletion
from chat.recordings import Hole, Running
from vods.models import Channel
from vodtender.telemetry import store
from vodtender.telemetry.metrics import CHAT_RECONNECTIONS

log = logging.getLogger(__name__)

BATCH = 1000
EPOCH = datetime.fromtimestamp(0, UTC)
NOT_LISTENING = "the recorder was not listening yet"
HOLES = 200
TIDY_SECONDS = 5.0

Said = tuple[Record, str, ChatMessage | Deletion]


@dataclass
class ChannelState:
    """What the writer knows of a channel. `deaf_since` is None while its chat is heard."""

    id: int
    login: str
    recording: Running | None = None
    deaf_since: datetime | None = EPOCH
    deaf_reason: str = NOT_LISTENING
    holes: deque[Hole] = field(default_factory=lambda: deque(maxlen=HOLES))
    lead: Lead = field(default_factory=Lead)
    ended: tuple[int, int] | None = None  # the recording before: its id and its end in ms

    def recording_of(self, sent_at: int) -> int | None:
        """The recording that a message of this time (ms) belongs to: the running one, or the one that ended while the
        message was on its way."""
        if self.recording is not None:
            return self.recording.id if sent_at >= self.recording.started_ms - LEAD_MS else None
        return self.ended[0] if self.ended is not None and sent_at <= self.ended[1] else None


class Writer:
    """See the module. `on_ended` is told the channel's id when a recording has ended.

    `refused` is the file that takes what the database refuses for good."""

    def __init__(self, journal: Journal, refused: Path, on_ended: Callable[[int], None]) -> None:
        self._journal = journal
        self._refused = refused
        self._on_ended = on_ended
        self._channels: dict[str, ChannelState] = {}
        self._tidied = 0.0
        self._one_at_a_time = threading.Lock()
        self.reconnections = 0  # not counted yet

    def sync_channels(self) -> list[str]:
        """Learns of channels from the database. Returns the logins whose chat is to be recorded."""
        running = {recording.channel_id: recording for recording in recordings.running()}
        wanted = []
        for id_, login, record_chat in Channel.objects.values_list("id", "login", "record_chat"):
            if record_chat:
                wanted.append(login)
            known = self._channels.get(login)
            if (record_chat or id_ in running) and (known is None or known.id != id_):
                self._channels[login] = _state(id_, login, running.get(id_))
        for login, state in list(self._channels.items()):
            if login not in wanted and state.recording is None:
                del self._channels[login]
        return wanted

    def recorded(self) -> dict[str, str]:
        """The stream that is being recorded, by login."""
        return {login: state.recording.stream_id for login, state in self._channels.items() if state.recording}

    def offline(self, logins: Iterable[str], at: datetime) -> None:
        """At this moment the channels were known not to be live."""
        for login in logins:
            if (state := self._channels.get(login)) and state.recording is None:
                state.lead.trim(int(at.timestamp() * 1000))

    def drain(self, stopping: Callable[[], bool]) -> None:
        """Stores what the journal holds, until there is no more or `stopping` says so."""
        with self._one_at_a_time:
            self._journal.sync()
            _commit_to_disk()
            self._count_reconnections()
            self._drain(stopping)

    def _drain(self, stopping: Callable[[], bool]) -> None:
        while not stopping() and (records := self._journal.read(BATCH)):
            self._apply(records)
            if time.monotonic() - self._tidied > TIDY_SECONDS:
                self._tidy()

    def _apply(self, records: list[Record]) -> None:
        said: list[Said] = []
        for record in records:
            if record.own:
                self._store(said)
                said = []
                self._happened(record)
                self._journal.advance(record)
                continue
            line = irc.parse(record.line)
            state = self._channels.get(line.channel)
            if state is None:
                continue
            if line.command == "JOIN":
                self._store(said)
                said = []
                self._heard_again(state, moment(record.received_ms))
                self._journal.advance(record)
            elif item := messages.read(line, record.received_ms, str(record.received)):
                said.append((record, state.login, item))
        self._store(said)
        self._journal.advance(records[-1])

    def _store(self, said: list[Said]) -> None:
        if not said:
            return
        rows: list[tuple[Record, Row]] = []
        deletions: list[tuple[int, Deletion]] = []
        kept: list[Said] = []
        for record, login, item in said:
            state = self._channels[login]
            if state.recording is not None and isinstance(item, Deletion):
                deletions.append((state.recording.id, item))
            elif isinstance(item, ChatMessage) and (recording_id := state.recording_of(item.sent_at)) is not None:
                rows.append((record, Row(recording_id, login, item)))
            else:
                kept.append((record, login, item))
        if (rows or deletions) and not self._ingest(rows, deletions):
            self._store(said)
            return
        for record, login, item in kept:
            lead = self._channels[login].lead
            lead.mark(item) if isinstance(item, Deletion) else lead.add(record, item)
        self._journal.advance(said[-1][0])

    def _ingest(self, rows: list[tuple[Record, Row]], deletions: list[tuple[int, Deletion]]) -> bool:
        """False when a recording had vanished and was made anew: then the rows belong elsewhere."""
        try:
            ingest([row for _, row in rows], deletions)
        except (DataError, IntegrityError):
            if self._remake_vanished():
                return False
            for record, row in rows:
                self._ingest_one(record, row)
            ingest([], deletions)
        return True

    def _ingest_one(self, record: Record, row: Row) -> None:
        try:
            ingest([row])
        except (DataError, IntegrityError) as error:
            log.error("The database refuses a chat message of %s (%s). It is in %s.", row.channel, error, self._refused)
            with self._refused.open("ab") as file:
                file.write(b"%d < %s\n" % (record.received, record.line))

    def _remake_vanished(self) -> bool:
        """A running recording that someone deleted begins anew."""
        there = {recording.id for recording in recordings.running()}
        vanished = [
            (state, LiveStream(state.recording.stream_id, state.login, state.recording.started_at))
            for state in list(self._channels.values())
            if state.recording is not None and state.recording.id not in there
        ]
        for state, stream in vanished:
            log.warning("The running recording of %s was deleted; it begins anew.", state.login)
            self._began(state, stream, datetime.now(UTC))
        return bool(vanished)

    def _happened(self, record: Record) -> None:
        event = record.event
        at = moment(record.received_ms)
        if event.get("event") == "lost":
            heard = event.get("heard")
            self._lost(None if heard is None else moment(heard), str(event.get("reason", "")))
            return
        state = self._channels.get(str(event.get("login")))
        if state is None:
            return
        match event.get("event"):
            case "began":
                started_at = datetime.fromisoformat(event["started_at"])
                self._began(state, LiveStream(event["stream_id"], state.login, started_at), at)
            case "ended":
                self._ended(state, str(event["stream_id"]), at)
            case "parted" if state.deaf_since is None:
                state.deaf_since, state.deaf_reason = at, "the channel was not recorded"

    def _lost(self, heard: datetime | None, reason: str) -> None:
        since: dict[str, datetime] = {}
        with transaction.atomic():
            for state in list(self._channels.values()):
                if state.deaf_since is not None:
                    continue
                since[state.login] = heard or EPOCH
                if state.recording is not None:
                    at = heard or recordings.last_stored(state.recording)
                    since[state.login] = at
                    recordings.open_gap(state.recording.id, at, reason)
        for login, at in since.items():
            self._channels[login].deaf_since, self._channels[login].deaf_reason = at, reason

    def _heard_again(self, state: ChannelState, at: datetime) -> None:
        if state.deaf_since is None or state.deaf_since >= at:
            return
        if state.recording is not None:
            recordings.close_gaps(state.recording.id, at)
        state.holes.append(Hole(state.deaf_since, at, state.deaf_reason))
        state.deaf_since = None

    def _began(self, state: ChannelState, stream: LiveStream, at: datetime) -> None:
        holes = list(state.holes)
        if state.deaf_since is not None:
            holes.append(Hole(state.deaf_since, None, state.deaf_reason))
        if state.lead.forgotten_ms:
            holes.append(Hole(EPOCH, moment(state.lead.forgotten_ms), "the stream was known late"))
        with transaction.atomic():
            recording, missing_since = recordings.open_recording(state.id, stream, at)
            if missing_since is not None:
                recordings.declare_gaps(recording.id, missing_since, holes)
            kept = state.lead.messages(recording.started_ms - LEAD_MS)
            ingest([Row(recording.id, state.login, message) for message in kept])
        previous, state.recording = state.recording, recording
        state.lead.clear()
        if missing_since is not None:
            log.info("%s is live (stream %s): its chat is recorded.", state.login, stream.stream_id)
        if previous is not None and previous.id != recording.id:
            self._on_ended(state.id)

    def _ended(self, state: ChannelState, stream_id: str, at: datetime) -> None:
        closed = recordings.close_recording(state.id, stream_id, at)
        if state.recording is not None and state.recording.stream_id == stream_id:
            state.ended = state.recording.id, int(at.timestamp() * 1000)
            state.recording = None
        if closed:
            log.info("%s is no longer live (stream %s): its recording has ended.", state.login, stream_id)
            self._on_ended(state.id)

    def _count_reconnections(self) -> None:
        if amount := self.reconnections:
            store.record(store.Count(CHAT_RECONNECTIONS, (), amount))
            self.reconnections -= amount

    def _tidy(self) -> None:
        self._tidied = time.monotonic()
        wanted: dict[int, list[Record]] = {}
        for state in list(self._channels.values()):
            for record in state.lead.records():
                wanted.setdefault(record.segment, []).append(record)
        self._journal.tidy(wanted)


def _commit_to_disk() -> None:
    """A commit that the journal is cut off after must outlive a power cut; the web needs no such thing of SQLite."""
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA synchronous=FULL")


def _state(id_: int, login: str, recording: Running | None) -> ChannelState:
    """A channel as the database has it: a running recording without an open gap was being heard."""
    if recording is None:
        return ChannelState(id_, login)
    since = recordings.deaf_since(recording.id)
    return ChannelState(id_, login, recording, since, "" if since is None else "the connection was lost")

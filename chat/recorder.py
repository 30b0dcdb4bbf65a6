"""The recorder: one connection to the chat, one poll of who is live, one writer into the database, side by side.

What happens goes through the journal: lines of the chat as they are read, and our own events (a connection lost, a
stream that began or ended) in their place among them. The writer follows behind and alone changes recordings.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError

from chat.connection import Connection, heard_ms
from chat.journal import Journal, Record
from chat.live import Began, Ended, LiveStreams, LiveTracker
from chat.presence import Teller
from chat.threads import in_thread
from chat.writer import Writer
from vodtender.http import ServiceError, backoff_seconds
from vodtender.telemetry.correlation import correlated

log = logging.getLogger(__name__)

BATCH_SECONDS = 1.0
SYNC_SECONDS = 3.0
TELL_SECONDS = 3.0
STOP_SECONDS = 3.0
RESTARTED = "the recorder was not running"
STOPPED = "the recorder was stopped"


@dataclass(frozen=True)
class Plan:
    """How the recorder works, times in seconds. `after_end` is called with a channel's id when its stream is over."""

    folder: Path
    live_streams: LiveStreams
    after_end: Callable[[int], object]
    poll_interval: float = 30.0
    after_end_delay: float = 60.0


class Recorder:
    """See the module. `connect` makes the connection for this listener. Make it in a running event loop.

    Raises OSError when the folder cannot be used."""

    def __init__(self, plan: Plan, connect: Callable[[Recorder], Connection]) -> None:
        self._plan = plan
        self._journal = Journal(plan.folder / "journal")
        self._writer = Writer(self._journal, plan.folder / "refused.log", self._recording_ended)
        self._teller = Teller()
        self._heard = _heard(self._journal.last())
        self._journal.append_event({"event": "lost", "heard": self._heard, "reason": RESTARTED})
        self._connection = connect(self)
        self._tracker: LiveTracker | None = None
        self._wanted: list[str] = []
        self._written = asyncio.Event()
        self._written.set()
        self._synced = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._background: set[asyncio.Task[None]] = set()
        self._stop = asyncio.Event()
        self._database = asyncio.Lock()

    def stop(self) -> None:
        """Ends `run`: within seconds everything that was read is in the database or in the journal."""
        self._stop.set()

    async def run(self) -> None:
        with correlated():
            tasks = [
                asyncio.create_task(work, name=name)
                for name, work in (
                    ("write", self._write()),
                    ("connect", self._connection.run()),
                    ("sync", self._sync()),
                    ("poll", self._poll()),
                    ("tell", self._tell()),
                )
            ]
            stopped = asyncio.create_task(self._stop.wait())
            done, _ = await asyncio.wait([*tasks, stopped], return_when=asyncio.FIRST_COMPLETED)
            self._stop.set()
            await self._shut_down([*tasks, stopped, *self._background])
            for task in done - {stopped}:
                task.result()

    async def on_lines(self, lines: list[bytes], received: float) -> None:
        await self._journalled(lambda: self._journal.append(lines, received))
        self._heard = heard_ms(lines[-1], int(received * 1000))

    async def on_lost(self, heard: int | None, reason: str) -> None:
        self._writer.reconnections += 1
        await self._event({"event": "lost", "heard": heard, "reason": reason})

    async def on_parted(self, login: str) -> None:
        await self._event({"event": "parted", "login": login})

    async def _event(self, event: Mapping[str, Any]) -> None:
        await self._journalled(lambda: self._journal.append_event({"heard": self._heard, **event}))

    async def _journalled(self, append: Callable[[], None]) -> None:
        """Appends, however long the disk refuses; meanwhile nothing more is read from the chat."""
        refused = False
        while True:
            try:
                append()
            except OSError as error:
                if not refused:
                    log.error(
                        "Chat cannot be written to %s (%s). Recording waits; free the disk.", self._plan.folder, error
                    )
                refused = True
                await asyncio.sleep(1)
            else:
                self._written.set()
                return

    async def _write(self) -> None:
        """The one writer: about once a second, at once again while there is more."""
        failures = 0
        await self._synced.wait()
        while True:
            await self._written.wait()
            self._written.clear()
            try:
                await self._drain()
            except (DatabaseError, OSError) as error:
                failures += 1
                if failures == 1:
                    log.error(
                        "Chat cannot be stored now (%s). It is kept in %s and tried again.", error, self._plan.folder
                    )
                self._written.set()
                await asyncio.sleep(backoff_seconds(failures, 0.5, 5.0))
                continue
            if failures:
                log.info("Chat is stored again.")
            failures = 0
            await asyncio.sleep(BATCH_SECONDS)

    async def _drain(self) -> None:
        async with self._database:
            await in_thread(self._writer.drain, self._stop.is_set)

    async def _sync(self) -> None:
        """Picks up channels that were added or switched off."""
        failed = False
        while True:
            try:
                async with self._database:
                    wanted = await in_thread(self._writer.sync_channels)
            except DatabaseError as error:
                if not failed:
                    log.error("The channels cannot be read now (%s). It is tried again.", error)
                failed = True
            else:
                failed = False
                await self._follow(wanted)
            await asyncio.sleep(SYNC_SECONDS)

    async def _tell(self) -> None:
        """Says what is heard, for /metrics. Beside the writer, who may be busy for long; nothing depends on it."""
        while True:
            try:
                await in_thread(self._told, self._connection.joined)
            except (DatabaseError, OSError) as error:
                log.debug("What the recorder hears cannot be told now (%s).", error)
            await asyncio.sleep(TELL_SECONDS)

    def _told(self, joined: frozenset[str]) -> None:
        since = self._journal.waiting_since()
        self._teller.tell(joined, 0.0 if since is None else max(0.0, time.time() - since))

    async def _follow(self, wanted: list[str]) -> None:
        if wanted != self._wanted:
            log.info("The chat of %s is joined.", ", ".join(wanted) or "no channel")
        self._wanted = wanted
        self._synced.set()
        self._connection.set_channels(wanted)
        if self._tracker is not None:
            for login in set(self._tracker.recorded) - set(wanted):
                await self._changed(self._tracker.drop(login))

    async def _poll(self) -> None:
        """Asks who is live. While that cannot be asked everything stays as it is."""
        await self._synced.wait()
        said = ""
        while True:
            wait = self._plan.poll_interval
            if self._tracker is None:
                wait = min(wait, 0.2)
                await self._learn_what_runs()
            elif self._wanted:
                try:
                    await self._ask(self._tracker, list(self._wanted))
                    said = ""
                except (ServiceError, DatabaseError) as error:
                    text = error.message if isinstance(error, ServiceError) else str(error)
                    if text != said:
                        log.warning("Who is live cannot be asked: %s", text)
                    said = text
            await asyncio.sleep(wait)

    async def _learn_what_runs(self) -> None:
        """Once what an earlier process left in the journal is stored: only then it is known what is being recorded."""
        if self._synced.is_set() and self._journal.replayed:
            async with self._database:
                self._tracker = LiveTracker(self._writer.recorded())

    async def _ask(self, tracker: LiveTracker, logins: list[str]) -> None:
        asked_at = datetime.now(UTC)
        streams = await self._plan.live_streams(logins)
        await self._changed(tracker.observe(logins, streams))
        offline = [login for login in logins if login not in tracker.recorded]
        async with self._database:
            self._writer.offline(offline, asked_at)

    async def _changed(self, changes: Iterable[Began | Ended]) -> None:
        for change in changes:
            if isinstance(change, Began):
                stream = change.stream
                facts = {"stream_id": stream.stream_id, "started_at": stream.started_at.isoformat()}
                await self._event({"event": "began", "login": stream.login, **facts})
            else:
                await self._event({"event": "ended", "login": change.login, "stream_id": change.stream_id})

    def _recording_ended(self, channel_id: int) -> None:
        """Called in the writer's thread."""
        self._loop.call_soon_threadsafe(self._after_end, channel_id)

    def _after_end(self, channel_id: int) -> None:
        task = asyncio.create_task(self._look_for_vod(channel_id))
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _look_for_vod(self, channel_id: int) -> None:
        await asyncio.sleep(self._plan.after_end_delay)
        try:
            await in_thread(self._plan.after_end, channel_id)
        except (ServiceError, DatabaseError, ObjectDoesNotExist) as error:
            log.warning(
                "The VOD of the recording that ended cannot be looked for now (%s). The schedule does it.", error
            )

    async def _shut_down(self, tasks: list[asyncio.Task[Any]]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks, timeout=1)
        try:
            self._journal.append_event({"event": "lost", "heard": self._heard, "reason": STOPPED})
            if self._synced.is_set():
                async with asyncio.timeout(STOP_SECONDS):
                    await in_thread(self._writer.drain, lambda: False)
                    await in_thread(self._teller.leave)
        except (DatabaseError, OSError, TimeoutError) as error:
            log.warning("Chat that is not stored yet is kept in %s (%s).", self._plan.folder, error or "no time")


def _heard(last: Record | None) -> int | None:
    """Up to when (ms since 1970) the chat was heard, by the last record that an earlier process left."""
    if last is None:
        return None
    if last.own:
        heard = last.event.get("heard")
        return heard if isinstance(heard, int) else None
    return heard_ms(last.line, last.received_ms)

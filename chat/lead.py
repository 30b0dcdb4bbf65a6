"""The chat of a channel that is not live, kept back for a while: Twitch says late that a stream has begun."""

from __future__ import annotations

from collections import deque

from chat.ingest import deleted
from chat.journal import Record
from chat.messages import ChatMessage, Deletion

LEAD_MS = 5 * 60 * 1000
LONGEST_MS = 60 * 60 * 1000
MOST = 20_000


class Lead:
    """The last messages of one channel, oldest first, each with its record in the journal."""

    def __init__(self) -> None:
        self._items: deque[tuple[Record, ChatMessage]] = deque()
        self.forgotten_ms = 0  # everything up to this moment may have been let go

    def add(self, record: Record, message: ChatMessage) -> None:
        self._items.append((record, message))
        while len(self._items) > MOST or self._items[0][1].sent_at < message.sent_at - LONGEST_MS:
            self._forget_oldest()

    def mark(self, deletion: Deletion) -> None:
        for index, (record, message) in enumerate(self._items):
            if deletion.hits(message):
                self._items[index] = (record, deleted(message, deletion.at))

    def trim(self, offline_ms: int) -> None:
        """The channel was known not to be live at this moment (ms since 1970): only what is needed before it stays."""
        while self._items and self._items[0][1].sent_at < offline_ms - LEAD_MS:
            self._forget_oldest()

    def messages(self, since_ms: int) -> list[ChatMessage]:
        return [message for _, message in self._items if message.sent_at >= since_ms]

    def records(self) -> list[Record]:
        return [record for record, _ in self._items]

    def clear(self) -> None:
        self._items.clear()

    def _forget_oldest(self) -> None:
        _, message = self._items.popleft()
        self.forgotten_ms = max(self.forgotten_ms, message.sent_at)

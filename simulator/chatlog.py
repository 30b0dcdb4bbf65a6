"""What was said in every channel's chat: one append-only file of JSON lines a channel, and who hears it now."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from .catalogue import Catalogue


@dataclass
class ChatEvent:
    """One thing that the room sees. `ts` is milliseconds since 1970; `kind` is message, action, reply, sub, resub,
    subgift, raid, announcement, clearmsg or clearchat."""

    channel: str
    kind: str
    login: str
    display_name: str
    text: str
    ts: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    target: dict[str, str] = field(default_factory=dict)
    """What it is about: the answered or cleared message, the banned user."""


Listener = Callable[[ChatEvent], None]


class ChatRooms:
    """`say` writes the event down before anyone hears it."""

    def __init__(self, folder: Path, catalogue: Catalogue) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._catalogue = folder, catalogue
        self._listeners: dict[str, set[Listener]] = {}
        self.last: dict[str, list[ChatEvent]] = {}

    def exists(self, channel: str) -> bool:
        return channel in self._catalogue.channels

    def channels(self) -> list[str]:
        return list(self._catalogue.channels)

    def room_id(self, channel: str) -> str:
        return self._catalogue.channels[channel].user_id

    def join(self, channel: str, listener: Listener) -> None:
        self._listeners.setdefault(channel, set()).add(listener)

    def part(self, channel: str, listener: Listener) -> None:
        self._listeners.get(channel, set()).discard(listener)

    def say(self, event: ChatEvent) -> None:
        with (self._folder / f"{event.channel}.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(event), ensure_ascii=False) + "\n")
        recent = self.last.setdefault(event.channel, [])
        recent.append(event)
        del recent[:-50]
        for listener in list(self._listeners.get(event.channel, ())):
            listener(event)

    def history(self, channel: str) -> list[dict[str, Any]]:
        """Every event of the channel so far, oldest first."""
        return list(self._lines(channel))

    def _lines(self, channel: str) -> Iterator[dict[str, Any]]:
        path = self._folder / f"{channel}.jsonl"
        if not path.exists():
            return
        for line in path.read_text(encoding="utf-8").split("\n"):
            try:
                yield json.loads(line)
            except ValueError:  # The empty last line, or one that kill -9 cut.
                continue

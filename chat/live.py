"""Which channels are live, from what Helix answers: https://dev.twitch.tv/docs/api/reference/#get-streams."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

POLLS_UNTIL_OVER = 2  # Helix forgets a running stream for a moment now and then


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A running broadcast. `login` is in lower case, `started_at` by Twitch's clock."""

    stream_id: str
    login: str
    started_at: datetime


LiveStreams = Callable[[list[str]], Awaitable[dict[str, LiveStream]]]
"""Asks which of the logins are live. Raises vodtender.http.ServiceError when that cannot be said."""


@dataclass(frozen=True, slots=True)
class Began:
    stream: LiveStream


@dataclass(frozen=True, slots=True)
class Ended:
    login: str
    stream_id: str


class LiveTracker:
    """Turns polls into beginnings and ends. Starts from the streams that are being recorded, by login."""

    def __init__(self, recorded: Mapping[str, str]) -> None:
        self._current = dict(recorded)
        self._missed: dict[str, int] = {}

    @property
    def recorded(self) -> Mapping[str, str]:
        """The streams that run, by login."""
        return dict(self._current)

    def observe(self, logins: Iterable[str], streams: Mapping[str, LiveStream]) -> list[Began | Ended]:
        """What changed with this poll, in which Twitch was asked for `logins` and answered `streams`."""
        changes: list[Began | Ended] = []
        for login in logins:
            current, stream = self._current.get(login), streams.get(login)
            if stream is not None:
                self._missed.pop(login, None)
                if stream.stream_id != current:
                    self._current[login] = stream.stream_id
                    changes.append(Began(stream))
            elif current is not None:
                self._missed[login] = self._missed.get(login, 0) + 1
                if self._missed[login] >= POLLS_UNTIL_OVER:
                    changes.append(self._over(login))
        return changes

    def drop(self, login: str) -> list[Ended]:
        """The channel is recorded no longer: ends what runs."""
        return [self._over(login)] if login in self._current else []

    def _over(self, login: str) -> Ended:
        self._missed.pop(login, None)
        return Ended(login, self._current.pop(login))

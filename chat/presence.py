"""Tells, by the database, what the recorder hears: for /metrics, which any web process answers."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field

from django.db.models import BooleanField, ExpressionWrapper, Q

from chat.models import Presence
from vods.dbclock import DbNow
from vods.models import Channel

TOLD_SECONDS = 10.0  # how often the same is told again
SILENT_SECONDS = 30.0  # after this the recorder is taken for gone


@dataclass
class Teller:
    """The recorder's side. It writes when something changed, and a sign of life every TOLD_SECONDS: one statement."""

    _told: dict[str, bool] = field(default_factory=dict)
    _told_at: float = float("-inf")

    def tell(self, joined: Collection[str], behind_seconds: float) -> None:
        """`joined`: the logins whose chat arrives now. Raises django.db.Error."""
        channels = {login: pk for pk, login in Channel.objects.filter(record_chat=True).values_list("pk", "login")}
        news = {login: login in joined for login in channels}
        late = time.monotonic() - self._told_at >= TOLD_SECONDS
        if news == self._told and not late:
            return
        rows = [
            Presence(channel_id=channels[login], connected=connected, behind_seconds=behind_seconds, seen_at=DbNow())
            for login, connected in news.items()
        ]
        Presence.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["channel"],
            update_fields=["connected", "behind_seconds", "seen_at"],
        )
        self._told, self._told_at = news, time.monotonic()

    def leave(self) -> None:
        """The recorder stops: nothing arrives any more."""
        Presence.objects.filter(connected=True).update(connected=False)


@dataclass(frozen=True)
class Heard:
    """What is known of the recorder. `connected` by login, for every channel whose chat is to be recorded.

    `behind_seconds` is the age of the oldest line that was read and is not stored; it grows while the recorder is gone.
    """

    connected: dict[str, bool]
    behind_seconds: float


def read() -> Heard:
    """With two queries."""
    connected = dict.fromkeys(Channel.objects.filter(record_chat=True).values_list("login", flat=True), False)
    alive = ExpressionWrapper(Q(seen_at__gte=DbNow(-SILENT_SECONDS)), BooleanField())
    rows = Presence.objects.filter(channel__record_chat=True).annotate(alive=alive, now=DbNow())
    behind = 0.0
    facts = rows.values_list("channel__login", "connected", "behind_seconds", "seen_at", "alive", "now")
    for login, hears, seconds, seen_at, fresh, now in facts:
        connected[login] = bool(hears and fresh)
        silent = 0.0 if fresh or not seconds else (now - seen_at).total_seconds()
        behind = max(behind, seconds + silent)
    return Heard(connected, behind)

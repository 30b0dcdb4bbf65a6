"""Made-up chat: lines as Twitch sends them, and rows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from chat.live import LiveStream
from chat.messages import ChatMessage
from chat.models import Recording
from tests.cast import pia

START = datetime(2026, 11, 1, 20, 0, tzinfo=UTC)
START_MS = int(START.timestamp() * 1000)


def after(seconds: float) -> datetime:
    """A time this many seconds into the stream."""
    return START + timedelta(seconds=seconds)


def said(id_: str, seconds: float = 0.0, *, login: str = "ann", **fields: Any) -> ChatMessage:
    """A message, sent so many seconds into the stream."""
    facts = dict.fromkeys(
        ("user_id", "display_name", "colour", "badges", "emotes", "text", "system_text", "reply_to"), ""
    )
    facts |= {"message_id": id_, "sent_at": START_MS + round(seconds * 1000), "kind": "message", "login": login}
    return ChatMessage(**{**facts, "bits": 0, **fields})


def privmsg(id_: str, seconds: float, text: str = "hi", *, login: str = "ann", channel: str = "pia") -> bytes:
    sent = START_MS + round(seconds * 1000)
    tags = f"id={id_};tmi-sent-ts={sent};user-id={sum(login.encode())}"
    return f"@{tags} :{login}!{login}@{login}.tmi.twitch.tv PRIVMSG #{channel} :{text}".encode()


def join(channel: str = "pia") -> bytes:
    return f":justinfan1!justinfan1@justinfan1.tmi.twitch.tv JOIN #{channel}".encode()


def stream(id_: str = "900", seconds: float = 0.0, login: str = "pia") -> LiveStream:
    return LiveStream(id_, login, after(seconds))


def recording(**fields: Any) -> Recording:
    return Recording.objects.create(**{"channel": pia(), "stream_id": "900", "started_at": START, **fields})

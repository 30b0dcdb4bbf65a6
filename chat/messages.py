"""From a line of IRC to what we keep: a message, or the deletion of messages.

The tags: https://dev.twitch.tv/docs/chat/irc/#tags. A line that is neither gives None.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime

from chat.irc import Line
from chat.kinds import Kind

LONGEST_TEXT = 10_000  # characters; Twitch itself allows 500
MOST_BITS = 2**31 - 1
LATEST_MS = 253_402_300_799_000  # the year 9999
_COLOUR = re.compile(r"#[0-9A-Fa-f]{6}")
_NOTICE_KINDS = {
    **dict.fromkeys(
        ("sub", "resub", "extendsub", "primepaidupgrade", "giftpaidupgrade", "anongiftpaidupgrade"), Kind.SUB
    ),
    **dict.fromkeys(
        ("subgift", "anonsubgift", "submysterygift", "anonsubmysterygift", "standardpayforward", "communitypayforward"),
        Kind.GIFT,
    ),
    "raid": Kind.RAID,
    "announcement": Kind.ANNOUNCEMENT,
}


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """The columns of models.Message but for the recording. `sent_at` is milliseconds since 1970 by Twitch's clock."""

    message_id: str
    sent_at: int
    kind: str
    user_id: str
    login: str
    display_name: str
    colour: str
    badges: str
    emotes: str
    text: str
    system_text: str
    reply_to: str
    bits: int
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deletion:
    """Marks `message_id`, or all up to `sent_at` (ms): of `user_id`, else of `login`, else of everybody."""

    sent_at: int
    message_id: str = ""
    user_id: str = ""
    login: str = ""

    @property
    def at(self) -> datetime:
        return datetime.fromtimestamp(self.sent_at / 1000, UTC)

    def hits(self, message: ChatMessage) -> bool:
        if self.message_id:
            return message.message_id == self.message_id
        if message.sent_at > self.sent_at:
            return False
        if self.user_id:
            return message.user_id == self.user_id
        return not self.login or message.login == self.login


def read(line: Line, received_ms: int, place: str = "") -> ChatMessage | Deletion | None:
    """What the line says. `received_ms` (ms since 1970) stands in where Twitch sent no time.

    `place`, unique to the line in the journal, makes an id for a message without one, the same at each replay.
    """
    match line.command:
        case "PRIVMSG":
            return _said(line, received_ms, place)
        case "USERNOTICE":
            return _noticed(line, received_ms, place)
        case "CLEARMSG":
            target = line.tags.get("target-msg-id", "")
            return Deletion(sent_ms(line, received_ms), message_id=_bounded(target, 64)) if target else None
        case "CLEARCHAT":
            user_id = _bounded(line.tags.get("target-user-id", ""), 20)
            return Deletion(sent_ms(line, received_ms), user_id=user_id, login=_bounded(line.text, 64).lower())
    return None


def sent_ms(line: Line, received_ms: int) -> int:
    """When Twitch says it was sent, in ms since 1970; `received_ms` when it does not say."""
    value = line.tags.get("tmi-sent-ts", "")
    if value.isascii() and value.isdigit() and len(value) < 17 and 0 < int(value) < LATEST_MS:
        return int(value)
    return received_ms


def _said(line: Line, received_ms: int, place: str) -> ChatMessage:
    text, kind = line.text, Kind.MESSAGE
    if text.startswith("\x01ACTION "):
        text, kind = text[8:].removesuffix("\x01"), Kind.ACTION
    return _message(line, received_ms, place, kind, line.nick, text)


def _noticed(line: Line, received_ms: int, place: str) -> ChatMessage:
    what = line.tags.get("msg-id", "")
    if what == "sharedchatnotice":
        what = line.tags.get("source-msg-id", "")
    kind = _NOTICE_KINDS.get(what, Kind.NOTICE)
    return _message(line, received_ms, place, kind, line.tags.get("login", ""), line.text)


def _message(line: Line, received_ms: int, place: str, kind: str, login: str, text: str) -> ChatMessage:
    tags = line.tags
    colour = tags.get("color", "")
    return ChatMessage(
        message_id=_bounded(tags.get("id", ""), 64) or _made_id(line, place),
        sent_at=sent_ms(line, received_ms),
        kind=str(kind),
        user_id=_bounded(tags.get("user-id", ""), 20),
        login=_bounded(login, 64).lower(),
        display_name=_bounded(tags.get("display-name", "") or login, 100),
        colour=colour if _COLOUR.fullmatch(colour) else "",
        badges=_bounded_list(tags.get("badges", ""), 500, ","),
        emotes=_bounded_list(tags.get("emotes", ""), LONGEST_TEXT, "/"),
        text=_bounded(text, LONGEST_TEXT),
        system_text=_bounded(tags.get("system-msg", ""), LONGEST_TEXT),
        reply_to=_bounded(tags.get("reply-parent-msg-id", ""), 64),
        bits=_number(tags.get("bits", ""), MOST_BITS),
    )


def _made_id(line: Line, place: str) -> str:
    digest = hashlib.sha256(f"{place}\n{line.prefix}\n{line.params}".encode()).hexdigest()
    return f"made-{digest[:40]}"


def _bounded(text: str, most: int) -> str:
    """At most `most` characters, without NUL, which PostgreSQL refuses."""
    if "\0" in text:
        text = text.replace("\0", "")
    return text[:most]


def _bounded_list(text: str, most: int, separator: str) -> str:
    """Like `_bounded`, but cut between two items."""
    short = _bounded(text, most)
    return short if len(text) <= most else short.rpartition(separator)[0]


def _number(text: str, most: int) -> int:
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 20 else 0

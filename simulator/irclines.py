"""Chat events as Twitch's IRC lines. Tags as in https://dev.twitch.tv/docs/chat/irc/."""

from __future__ import annotations

import re
import zlib

from .chatlog import ChatEvent

EMOTES = {
    "Kappa": "25",
    "Keepo": "1902",
    "LUL": "425618",
    "PogChamp": "305954156",
    "HeyGuys": "30259",
    "BibleThump": "86",
}
_COLORS = ("#FF0000", "#0000FF", "#008000", "#B22222", "#FF7F50", "#9ACD32", "#DAA520", "#1E90FF", "#8A2BE2", "")
_ESCAPES = {"\\": "\\\\", ";": "\\:", " ": "\\s", "\r": "\\r", "\n": "\\n"}


def escape(value: str) -> str:
    """A tag value on the wire."""
    return "".join(_ESCAPES.get(letter, letter) for letter in value)


def emote_positions(text: str) -> str:
    """The emotes tag: `25:0-4,12-16/1902:6-10`, positions in code points, both ends included."""
    found: dict[str, list[str]] = {}
    for match in re.finditer(r"\S+", text):
        if match[0] in EMOTES:
            found.setdefault(EMOTES[match[0]], []).append(f"{match.start()}-{match.end() - 1}")
    return "/".join(f"{emote}:{','.join(places)}" for emote, places in found.items())


def user_id(login: str) -> str:
    """A made-up but steady id for a chatter."""
    return str(100_000_000 + zlib.crc32(login.encode()) % 800_000_000)


def line(event: ChatEvent, room_id: str, *, tags: bool, commands: bool) -> str | None:
    """The line for a client with these capabilities, without CR LF; None when such a client does not get it."""
    room = f"#{event.channel}"
    if event.kind in ("message", "reply", "action"):
        text = f"\x01ACTION {event.text}\x01" if event.kind == "action" else event.text
        body = f":{event.login}!{event.login}@{event.login}.tmi.twitch.tv PRIVMSG {room} :{text}"
        return _tagged(_privmsg_tags(event, room_id), body) if tags else body
    if not commands:
        return None
    if event.kind == "clearchat":
        body = f":tmi.twitch.tv CLEARCHAT {room}" + (f" :{event.login}" if event.login else "")
        return _tagged(_clearchat_tags(event, room_id), body) if tags else body
    if event.kind == "clearmsg":
        body = f":tmi.twitch.tv CLEARMSG {room} :{event.text}"
        cleared = {"login": event.login, "room-id": room_id, "target-msg-id": event.target.get("id", "")}
        return _tagged(cleared | {"tmi-sent-ts": str(event.ts)}, body) if tags else body
    body = f":tmi.twitch.tv USERNOTICE {room}" + (f" :{event.text}" if event.text else "")
    return _tagged(_user_tags(event, room_id) | _notice_tags(event), body) if tags else body


def room_state(channel: str, room_id: str, *, tags: bool) -> str:
    body = f":tmi.twitch.tv ROOMSTATE #{channel}"
    state = {"emote-only": "0", "followers-only": "-1", "r9k": "0", "room-id": room_id, "slow": "0", "subs-only": "0"}
    return _tagged(state, body) if tags else body


def _tagged(tags: dict[str, str], body: str) -> str:
    return "@" + ";".join(f"{name}={escape(value)}" for name, value in tags.items()) + " " + body


def _user_tags(event: ChatEvent, room_id: str) -> dict[str, str]:
    number = zlib.crc32(event.login.encode())
    subscriber, moderator = number % 3 == 0, number % 11 == 0
    badges = (
        ["moderator/1"] * moderator + [f"subscriber/{number % 24}"] * subscriber + ["premium/1"] * (number % 5 == 0)
    )
    return {
        "badge-info": f"subscriber/{number % 24 + 1}" if subscriber else "",
        "badges": ",".join(badges),
        "color": _COLORS[number % len(_COLORS)],
        "display-name": event.display_name,
        "emotes": emote_positions(event.text),
        "flags": "",
        "id": event.id,
        "mod": str(int(moderator)),
        "room-id": room_id,
        "subscriber": str(int(subscriber)),
        "tmi-sent-ts": str(event.ts),
        "turbo": "0",
        "user-id": user_id(event.login),
        "user-type": "mod" if moderator else "",
    }


def _privmsg_tags(event: ChatEvent, room_id: str) -> dict[str, str]:
    tags = _user_tags(event, room_id) | {"first-msg": "0", "returning-chatter": "0"}
    if event.kind == "reply" and event.target:
        parent = {f"reply-parent-{name}": value for name, value in event.target.items()}
        thread = event.target.get("msg-id", ""), event.target.get("user-login", "")
        tags |= parent | {"reply-thread-parent-msg-id": thread[0], "reply-thread-parent-user-login": thread[1]}
    return dict(sorted(tags.items()))


def _clearchat_tags(event: ChatEvent, room_id: str) -> dict[str, str]:
    tags = {"room-id": room_id, "tmi-sent-ts": str(event.ts)}
    if event.login:
        tags |= {"ban-duration": event.target.get("seconds", "600"), "target-user-id": user_id(event.login)}
    return dict(sorted(tags.items()))


def _notice_tags(event: ChatEvent) -> dict[str, str]:
    name, months = event.display_name, zlib.crc32(event.login.encode()) % 24 + 1
    plan = {"msg-param-sub-plan": "1000", "msg-param-sub-plan-name": "Channel Subscription"}
    details: dict[str, tuple[str, dict[str, str]]] = {
        "sub": (f"{name} subscribed at Tier 1.", {"msg-param-cumulative-months": "1", **plan}),
        "resub": (
            f"{name} subscribed at Tier 1. They've subscribed for {months} months!",
            {"msg-param-cumulative-months": str(months), "msg-param-should-share-streak": "0", **plan},
        ),
        "subgift": (
            f"{name} gifted a Tier 1 sub to Lucky_Lu!",
            {
                "msg-param-months": "1",
                "msg-param-recipient-display-name": "Lucky_Lu",
                "msg-param-recipient-id": user_id("lucky_lu"),
                "msg-param-recipient-user-name": "lucky_lu",
                **plan,
            },
        ),
        "raid": (
            f"17 raiders from {name} have joined!",
            {"msg-param-displayName": name, "msg-param-login": event.login, "msg-param-viewerCount": "17"},
        ),
        "announcement": ("", {"msg-param-color": "PRIMARY"}),
    }
    system, more = details[event.kind]
    return {"msg-id": event.kind, "login": event.login, "system-msg": system, **more}

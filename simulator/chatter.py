"""The chatters: who they are, what they write, and how often."""

from __future__ import annotations

import asyncio
import random

from . import DEMO_CHANNEL
from .broadcasts import Broadcasts
from .chatlog import ChatEvent, ChatRooms

LIVE_SECONDS, QUIET_SECONDS = 1 / 3, 5.0

CHATTERS = {
    **{
        name.lower(): name
        for name in ("Tea_And_Tiles", "jumpman_joe", "Nova42", "bit_by_bit", "MossyRock", "Ann_E_Mation")
    },
    **{
        name.lower(): name
        for name in ("sprite_sam", "LagLena", "Qwerty_Quill", "OctoOtto", "speedy_sue", "Wintermute7")
    },
    "hanako_jp": "花子",
    "dmitri_play": "Дмитрий",
}
TEXTS = (
    "hi Pia! HeyGuys",
    "that jump was clean PogChamp",
    "LUL LUL",
    "Kappa Keepo Kappa",
    "😀 Kappa after an emoji counts code points 👍🏽 Kappa",
    "👨‍👩‍👧‍👦 family stream!",
    "مرحبا من القاهرة",
    "שלום לכולם Kappa",
    "日本から見ています！",
    "<script>alert('chat')</script>",
    '=HYPERLINK("http://example.test","click")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "'; DROP TABLE chat_message; --",
    "a; b\\c d:e  two  spaces",
    "is the music on a playlist? https://example.test/list?a=1&b=2#x",
    "BibleThump so close",
    "what level is this?",
    "gg",
    "Z̸a̵l̷g̶o̸ is here",
    "long one: " + "the quick brown fox jumps over the lazy dog and keeps running ".strip() * 6,
    "%s %(title)s {0} $(id) `id`",
)


def random_event(rooms: ChatRooms, channel: str, dice: random.Random) -> ChatEvent:
    """Mostly a message; sometimes an action, a reply, a notice or a cleared message."""
    login = dice.choice(list(CHATTERS))
    name, text, roll = CHATTERS[login], dice.choice(TEXTS), dice.random()
    spoken = [e for e in rooms.last.get(channel, ()) if e.kind == "message"]
    if roll < 0.02 and spoken:
        gone = dice.choice(spoken)
        return ChatEvent(channel, "clearmsg", gone.login, gone.display_name, gone.text, target={"id": gone.id})
    if roll < 0.06:
        kind = dice.choice(("sub", "resub", "subgift", "raid", "announcement"))
        return ChatEvent(channel, kind, login, name, text if kind in ("resub", "announcement") else "")
    if roll < 0.10:
        return ChatEvent(channel, "action", login, name, "waves at everyone")
    if roll < 0.16 and spoken:
        return reply(dice.choice(spoken), login, name, text)
    return ChatEvent(channel, "message", login, name, text)


def reply(parent: ChatEvent, login: str, name: str, text: str) -> ChatEvent:
    target = {
        "display-name": parent.display_name,
        "msg-body": parent.text,
        "msg-id": parent.id,
        "user-login": parent.login,
    }
    return ChatEvent(parent.channel, "reply", login, name, f"@{parent.display_name} {text}", target=target)


async def keep_talking(rooms: ChatRooms, broadcasts: Broadcasts) -> None:
    """Writes to every live channel about three times a second, and to the demo channel now and then before that."""
    dice = random.Random()
    last: dict[str, float] = {}
    clock = asyncio.get_running_loop().time
    while True:
        for channel in rooms.channels():
            live = broadcasts.live(channel) is not None
            if not live and channel != DEMO_CHANNEL:
                continue
            pause = (LIVE_SECONDS if live else QUIET_SECONDS) * dice.uniform(0.7, 1.3)
            if clock() - last.get(channel, 0.0) >= pause:
                last[channel] = clock()
                rooms.say(random_event(rooms, channel, dice))
        await asyncio.sleep(0.05)

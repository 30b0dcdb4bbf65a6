from __future__ import annotations

import asyncio
import json
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import pytest

from simulator.running import Handle

T = TypeVar("T")
_UNESCAPE = {"\\s": " ", "\\:": ";", "\\\\": "\\", "\\r": "\r", "\\n": "\n"}


@dataclass
class Line:
    tags: dict[str, str]
    command: str
    params: list[str]


def parse(raw: str) -> Line:
    tags: dict[str, str] = {}
    if raw.startswith("@"):
        head, _, raw = raw[1:].partition(" ")
        tags = {k: unescape(v) for k, _, v in (pair.partition("=") for pair in head.split(";"))}
    if raw.startswith(":"):
        raw = raw.partition(" ")[2]
    words, _, trailing = raw.partition(" :")
    command, *params = words.split()
    return Line(tags, command, [*params, trailing])


def unescape(value: str) -> str:
    out, at = "", 0
    while at < len(value):
        pair = value[at : at + 2]
        out, at = (out + _UNESCAPE[pair], at + 2) if pair in _UNESCAPE else (out + value[at], at + 1)
    return out


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, *lines: str) -> None:
        self.writer.write("".join(f"{line}\r\n" for line in lines).encode())

    async def line(self) -> Line:
        raw = await asyncio.wait_for(self.reader.readline(), 10)
        if not raw:
            raise EOFError
        return parse(raw.decode().rstrip("\r\n"))

    async def until(self, wanted: Callable[[Line], bool]) -> Line:
        while not wanted(line := await self.line()):
            pass
        return line

    async def said(self, text: str) -> Line:
        return await self.until(lambda line: line.command == "PRIVMSG" and line.params[1] == text)


async def connect(simulator: Handle, *lines: str) -> Client:
    address = urlsplit(simulator.env["TWITCH_IRC_URL"])
    context = ssl.create_default_context(cafile=simulator.env["SSL_CERT_FILE"])
    client = Client(*await asyncio.open_connection(address.hostname, address.port, ssl=context))
    client.send(*lines)
    return client


async def join(simulator: Handle, *channels: str) -> Client:
    capabilities = "CAP REQ :twitch.tv/tags twitch.tv/commands"
    client = await connect(simulator, capabilities, "NICK justinfan4711", f"JOIN {','.join('#' + c for c in channels)}")
    for channel in channels:
        await client.until(lambda line, room=f"#{channel}": line.command == "366" and line.params[1] == room)
    return client


def with_client(simulator: Handle, talk: Callable[[Client], Awaitable[T]], *channels: str) -> T:
    async def main() -> T:
        client = await join(simulator, *(channels or ("quiet_quinn",)))
        try:
            return await talk(client)
        finally:
            client.writer.close()

    return asyncio.run(main())


def say(simulator: Handle, text: str, **more: object) -> Awaitable[list[str]]:
    return asyncio.to_thread(simulator.control.say, "quiet_quinn", text, **more)


def test_an_anonymous_client_gets_tagged_messages_of_a_live_channel(simulator: Handle) -> None:
    async def talk(client: Client) -> Line:
        return await client.until(lambda line: line.command == "PRIVMSG" and line.params[0] == "#pixel_pia")

    message = with_client(simulator, talk, "quiet_quinn", "pixel_pia")
    wanted = "badge-info badges color display-name emotes first-msg flags id mod returning-chatter room-id subscriber"
    assert {*wanted.split(), "tmi-sent-ts", "turbo", "user-id", "user-type"} <= message.tags.keys()
    assert abs(int(message.tags["tmi-sent-ts"]) / 1000 - time.time()) < 30
    assert message.tags["room-id"] == "812345601"


def test_everything_heard_is_in_the_log(simulator: Handle) -> None:
    async def talk(client: Client) -> list[Line]:
        return [await client.until(lambda line: "id" in line.tags) for _ in range(6)]

    heard = with_client(simulator, talk, "pixel_pia")
    logged = {row["id"]: row for row in simulator.control.chat("pixel_pia")}
    for line in heard:
        row = logged[line.tags["id"]]
        assert row["ts"] == int(line.tags["tmi-sent-ts"])
        if row["kind"] in ("message", "reply"):
            assert row["text"] == line.params[1]


def test_emotes_are_counted_in_code_points(simulator: Handle) -> None:
    async def talk(client: Client) -> Line:
        text = "😀 Kappa 👍🏽 Kappa LUL"
        await say(simulator, text)
        return await client.said(text)

    assert with_client(simulator, talk).tags["emotes"] == "25:2-6,11-15/425618:17-19"


def test_text_with_odd_characters_arrives_as_it_was_said(simulator: Handle) -> None:
    text = "a; b\\s :c <script> =1+1 مرحبا 日本"

    async def talk(client: Client) -> Line:
        await say(simulator, text)
        await client.said(text)
        await say(simulator, "so true", kind="reply")
        return await client.until(lambda line: "reply-parent-msg-id" in line.tags)

    answer = with_client(simulator, talk)
    assert answer.tags["reply-parent-msg-body"] == text


@pytest.mark.parametrize("kind", ["sub", "resub", "subgift", "raid", "announcement"])
def test_notices_are_usernotices(simulator: Handle, kind: str) -> None:
    async def talk(client: Client) -> Line:
        await say(simulator, "", kind=kind, login="raider_rae")
        return await client.until(lambda line: line.command == "USERNOTICE")

    notice = with_client(simulator, talk)
    assert (notice.tags["msg-id"], notice.tags["login"]) == (kind, "raider_rae")


def test_an_action_is_wrapped(simulator: Handle) -> None:
    async def talk(client: Client) -> Line:
        await say(simulator, "waves", kind="action")
        return await client.said("\x01ACTION waves\x01")

    assert with_client(simulator, talk).tags["emotes"] == ""


def test_messages_and_chatters_are_cleared(simulator: Handle) -> None:
    async def talk(client: Client) -> tuple[str, Line, Line]:
        [gone] = await say(simulator, "rude", login="rude_rob")
        path = "/irc/quiet_quinn"
        await asyncio.to_thread(simulator.control.post, f"{path}/clearmsg", id=gone)
        await asyncio.to_thread(simulator.control.post, f"{path}/clearchat", login="rude_rob", seconds=5)
        one = await client.until(lambda line: line.command == "CLEARMSG")
        return gone, one, await client.until(lambda line: line.command == "CLEARCHAT")

    gone, one, all_of_them = with_client(simulator, talk)
    assert one.tags["target-msg-id"] == gone
    assert (all_of_them.params, all_of_them.tags["ban-duration"]) == (["#quiet_quinn", "rude_rob"], "5")


def test_a_burst_arrives_complete_and_in_order(simulator: Handle) -> None:
    async def talk(client: Client) -> list[str]:
        sending = asyncio.ensure_future(say(simulator, "burst {n}", count=3000))
        heard = [(await client.until(lambda line: "burst" in line.params[-1])).tags["id"] for _ in range(3000)]
        assert heard == await sending
        return heard

    assert len(set(with_client(simulator, talk))) == 3000


def test_ping_is_answered_and_unknown_commands_are_named(simulator: Handle) -> None:
    async def talk(client: Client) -> tuple[Line, Line]:
        client.send("PING :tick", "FROBNICATE")
        pong = await client.until(lambda line: line.command == "PONG")
        return pong, await client.until(lambda line: line.command == "421")

    pong, unknown = with_client(simulator, talk)
    assert pong.params[-1] == "tick"
    assert unknown.params[1] == "FROBNICATE"


def test_reconnect_is_announced_before_the_end(simulator: Handle) -> None:
    async def talk(client: Client) -> None:
        asked = asyncio.to_thread(simulator.control.post, "/irc/reconnect")
        await asked
        await client.until(lambda line: line.command == "RECONNECT")
        with pytest.raises((EOFError, ConnectionError)):
            await client.until(lambda line: False)

    with_client(simulator, talk)


def test_a_drop_is_a_reset(simulator: Handle) -> None:
    async def talk(client: Client) -> None:
        await asyncio.to_thread(simulator.control.post, "/irc/drop")
        with pytest.raises(ConnectionResetError):
            await client.until(lambda line: False)

    with_client(simulator, talk)


def test_a_wrong_password_is_refused_and_a_good_one_gets_its_name(simulator: Handle) -> None:
    token = json.loads((simulator.state_dir / "twitch-token.json").read_bytes())["access_token"]

    async def main() -> tuple[Line, Line]:
        bad = await connect(simulator, "PASS oauth:wrong", "NICK somebody")
        good = await connect(simulator, f"PASS oauth:{token}", "NICK somebody")
        lines = await bad.until(lambda line: line.command == "NOTICE"), await good.line()
        bad.writer.close()
        good.writer.close()
        return lines

    refused, welcome = asyncio.run(main())
    assert refused.params[-1] == "Login authentication failed"
    assert (welcome.command, welcome.params[0]) == ("001", "pixel_pia")


def test_capabilities_are_listed_and_negotiated(simulator: Handle) -> None:
    async def main() -> list[Line]:
        client = await connect(simulator, "CAP LS 302", "NICK justinfan1", "CAP REQ :nonsense", "CAP END")
        lines = [await client.line() for _ in range(3)]
        client.writer.close()
        return lines

    listed, refused, welcome = asyncio.run(main())
    assert "twitch.tv/tags" in listed.params[-1]
    assert refused.params[1] == "NAK"
    assert welcome.command == "001"


def test_the_plain_port_says_the_same(simulator: Handle) -> None:
    address = urlsplit(simulator.facts["irc_plain"])
    assert address.scheme == "irc"

    async def main() -> tuple[Line, Line]:
        client = Client(*await asyncio.open_connection(address.hostname, address.port))
        client.send("CAP REQ :twitch.tv/tags twitch.tv/commands", "NICK justinfan4711", "JOIN #quiet_quinn")
        await client.until(lambda line: line.command == "366")
        await say(simulator, "in the clear")
        said = await client.said("in the clear")
        await asyncio.to_thread(simulator.control.post, "/irc/reconnect")
        return said, await client.until(lambda line: line.command == "RECONNECT")

    said, _ = asyncio.run(main())
    assert said.tags["room-id"] == "812345603"

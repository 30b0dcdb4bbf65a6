"""The connection against a real server on loopback."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from chat.connection import Account, Connection, Timing, heard_ms
from chat.pacing import Pacer
from tests.chat.ircserver import IrcServer, eventually, serving

QUICK = Timing(connect=2, quiet=0.2, answer=0.2, join_answer=0.5, backoff=0.05, most_backoff=0.2)


class Notes:
    def __init__(self) -> None:
        self.lines: list[bytes] = []
        self.lost: list[tuple[int | None, str]] = []
        self.parted: list[str] = []

    async def on_lines(self, lines: list[bytes], received: float) -> None:
        self.lines += lines

    async def on_lost(self, heard_ms: int | None, reason: str) -> None:
        self.lost.append((heard_ms, reason))

    async def on_parted(self, login: str) -> None:
        self.parted.append(login)

    def heard(self, text: str) -> bool:
        return any(text.encode() in line for line in self.lines)


@asynccontextmanager
async def connected(
    server: IrcServer, *channels: str, scheme: str = "irc", account: Account | None = None, timing: Timing = QUICK
) -> AsyncIterator[tuple[Connection, Notes]]:
    notes = Notes()
    connection = Connection(f"{scheme}://localhost:{server.port}", notes, account or Account(), timing=timing)
    connection.set_channels(channels)
    task = asyncio.create_task(connection.run())
    try:
        await eventually(lambda: connection.joined == set(channels), "joined")
        yield connection, notes
    finally:
        task.cancel()


def test_a_guest_asks_for_tags_and_commands_and_hears_what_is_said() -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia") as (_, notes):
            server.say("pia")
            await eventually(lambda: notes.heard("message id-pia-0"), "the message")
        assert server.lines("CAP REQ :twitch.tv/tags twitch.tv/commands")
        assert server.lines("NICK justinfan")
        assert not server.lines("PASS")

    with serving() as server:
        asyncio.run(scene(server))


def test_it_speaks_tls_with_a_certificate_of_ssl_cert_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)

    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia", scheme="ircs") as (connection, _):
            assert connection.joined == {"pia"}

    with serving(context) as server:
        asyncio.run(scene(server))


def test_a_certificate_that_nobody_vouches_for_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)

    async def scene(server: IrcServer) -> None:
        connection = Connection(f"ircs://localhost:{server.port}", Notes(), timing=QUICK)
        connection.set_channels(["pia"])
        task = asyncio.create_task(connection.run())
        await eventually(lambda: "cannot be reached" in caplog.text, "the refusal")
        task.cancel()
        assert not server.heard

    with serving(context) as server:
        asyncio.run(scene(server))


def test_channels_are_joined_and_left_while_it_runs() -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia", "mia") as (connection, notes):
            connection.set_channels(["mia", "zoe"])
            await eventually(lambda: connection.joined == {"mia", "zoe"}, "joined the other")
            assert notes.parted == ["pia"]
            assert not server.joined("pia")
            assert len(server.clients) == 1

    with serving() as server:
        asyncio.run(scene(server))


@pytest.mark.parametrize("breaks", ["drop", "reconnect"])
def test_it_comes_back_and_joins_again(breaks: str) -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia") as (connection, notes):
            server.say("pia")
            await eventually(lambda: notes.heard("id-pia-0"), "the first message")
            began = time.monotonic()
            getattr(server, breaks)()
            await eventually(lambda: notes.lost, "the loss")
            await eventually(lambda: connection.joined == {"pia"}, "joined again")
            assert time.monotonic() - began < 2
            server.say("pia")
            await eventually(lambda: notes.heard("id-pia-1"), "the second message")
            assert not notes.heard("id=torn")
            heard, _reason = notes.lost[0]
            assert heard is not None
            assert server.sent[0][1] - 1000 <= heard <= server.sent[1][1]

    with serving() as server:
        asyncio.run(scene(server))


def test_it_answers_ping() -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia"):
            server.do(lambda: server.clients[0].send("PING :are you there"))
            await eventually(lambda: server.lines("PONG :are you there"), "PONG")

    with serving() as server:
        asyncio.run(scene(server))


def test_a_silent_server_is_asked_for_a_sign_of_life_and_then_left() -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia") as (_, notes):
            await eventually(lambda: len(server.lines("PING")) >= 3, "our PINGs, answered")
            assert not notes.lost
            server.mute = True
            await eventually(lambda: notes.lost, "the loss")
            assert "no sign of life" in notes.lost[0][1]

    with serving() as server:
        asyncio.run(scene(server))


def test_a_refused_account_is_said_and_chat_is_read_as_a_guest(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(server: IrcServer) -> None:
        server.refused_password = "oauth:s3cret"
        async with connected(server, "pia", account=Account("Bot", "s3cret")):
            assert server.lines("NICK bot")
            assert server.lines("NICK justinfan")

    with serving() as server:
        asyncio.run(scene(server))
    assert "TWITCH_OAUTH_TOKEN" in caplog.text
    assert "s3cret" not in caplog.text


def test_a_server_that_is_not_there_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async def scene(port: int) -> None:
        connection = Connection(f"irc://127.0.0.1:{port}", Notes(), timing=QUICK)
        connection.set_channels(["pia"])
        task = asyncio.create_task(connection.run())
        await eventually(lambda: caplog.text.count("cannot be reached") >= 3, "three tries")
        task.cancel()

    with serving() as server:
        port = server.port
    asyncio.run(scene(port))


def test_without_a_channel_it_does_not_connect_until_there_is_one() -> None:
    async def scene(server: IrcServer) -> None:
        async with connected(server) as (connection, _):
            assert server.accepted == 0
            connection.set_channels(["pia"])
            await eventually(lambda: connection.joined == {"pia"}, "joined")

    with serving() as server:
        asyncio.run(scene(server))


def test_a_channel_that_cannot_be_joined_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    notice = "@msg-id=msg_channel_suspended :tmi.twitch.tv NOTICE #mia :This channel has been suspended."

    async def scene(server: IrcServer) -> None:
        async with connected(server, "pia") as (_, notes):
            server.do(lambda: [server.clients[0].send(notice) for _ in range(3)])
            server.say("pia")
            await eventually(lambda: notes.heard("id-pia-0"), "the message")

    with serving() as server:
        asyncio.run(scene(server))
    assert caplog.text.count("mia cannot be joined") == 1


def test_joins_keep_to_twitchs_limit() -> None:
    now = [0.0]
    pacer = Pacer(20, 10.0, lambda: now[0])

    async def scene() -> list[float]:
        waits = []
        for _ in range(45):
            waits.append(pacer.wait())
            now[0] += pacer.wait()
            await pacer.take()
        return waits

    waits = asyncio.run(scene())
    assert [place for place, wait in enumerate(waits) if wait] == [20, 40]
    assert now[0] == 20.0


def test_what_was_surely_heard_ends_a_second_before_the_last_line() -> None:
    assert heard_ms(b"@tmi-sent-ts=50000 :a!a@a PRIVMSG #c :x", 60_000) == 49_000
    assert heard_ms(b":tmi.twitch.tv PONG", 60_000) == 59_000
    assert heard_ms(b"@tmi-sent-ts=70000 :a!a@a PRIVMSG #c :x", 60_000) == 59_000

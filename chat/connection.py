"""One connection to Twitch's chat, for all channels, kept up for ever: https://dev.twitch.tv/docs/chat/irc/.

Joins and leaves channels while it runs, answers PING, asks for a sign of life itself, and connects again when the
server says RECONNECT (at once) or the connection breaks (after a short wait that grows and varies).
"""

from __future__ import annotations

import asyncio
import logging
import random
import socket
import ssl
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urlsplit

from chat import irc, messages
from chat.pacing import Pacer
from chat.threads import in_thread
from vodtender.http import backoff_seconds

log = logging.getLogger(__name__)

PORTS = {"ircs": 6697, "irc": 6667}
LONGEST_LINE = 1 << 16
STABLE_SECONDS = 10.0  # a connection that held this long was a good one
HEARD_MARGIN_MS = 1000  # what was under way when we heard a line last may have been sent a little before it
_LOGIN_REFUSED = ("login authentication failed", "improperly formatted auth", "login unsuccessful", "invalid nick")


class Lost(Exception):
    """The connection is gone; the text says how. `at_once`: the server asked us to come again."""

    def __init__(self, reason: str, *, at_once: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.at_once = at_once


class Listener(Protocol):
    async def on_lines(self, lines: list[bytes], received: float) -> None:
        """What was read, in order. `received` is seconds since 1970. Nothing more is read before it returns."""

    async def on_lost(self, heard_ms: int | None, reason: str) -> None:
        """The connection is gone. Everything sent up to `heard_ms` (since 1970) was read."""

    async def on_parted(self, login: str) -> None:
        """The channel was left."""


@dataclass(frozen=True)
class Account:
    """Who we are. Without a token: anonymous, which may read."""

    login: str = ""
    token: str = field(default="", repr=False)

    @property
    def known(self) -> bool:
        return bool(self.login and self.token)

    def greeting(self) -> list[str]:
        if not self.known:
            return [f"NICK justinfan{random.randrange(10_000, 99_999)}"]  # noqa: S311 - a guest's name
        return [f"PASS oauth:{self.token.removeprefix('oauth:')}", f"NICK {self.login.lower()}"]


@dataclass(frozen=True)
class Timing:
    """In seconds. `quiet`: silence after which we ask for a sign of life; `answer`: how long that may take."""

    connect: float = 15.0
    quiet: float = 20.0
    answer: float = 10.0
    join_answer: float = 15.0
    backoff: float = 0.5
    most_backoff: float = 60.0


class Connection:
    """See the module. `url` is ircs://host:port (TLS; obeys SSL_CERT_FILE) or irc://host:port."""

    def __init__(
        self,
        url: str,
        listener: Listener,
        account: Account = Account(),
        *,
        timing: Timing = Timing(),
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "ircs" else None
        self._listener = listener
        self._account = account
        self._timing = timing
        self._pacer = Pacer()
        self._wanted: set[str] = set()
        self._changed = asyncio.Event()
        self._joined: set[str] = set()
        self._asked: dict[str, float] = {}
        self._noticed: set[tuple[str, str]] = set()
        self._welcomed = False
        self._last: tuple[bytes, float] | None = None

    @property
    def joined(self) -> frozenset[str]:
        """The channels whose chat arrives now."""
        return frozenset(self._joined)

    def set_channels(self, logins: Iterable[str]) -> None:
        """The channels to be in, from now on."""
        self._wanted = set(logins)
        self._changed.set()

    async def run(self) -> None:
        """Never returns; cancel it."""
        failures = 0
        while True:
            await self._somewhere_to_go()
            began = time.monotonic()
            try:
                await self._session()
            except Lost as lost:
                held = self._welcomed and time.monotonic() - began >= STABLE_SECONDS
                failures = 1 if held else failures + 1
                await self._gone(lost.reason)
                if lost.at_once and failures <= 2:
                    continue
                wait = backoff_seconds(failures, self._timing.backoff, self._timing.most_backoff)
                log.warning("Chat: %s. Connecting again in %.1f s.", lost.reason, wait)
                await asyncio.sleep(wait)

    async def _somewhere_to_go(self) -> None:
        """Without a channel there is nothing to connect for."""
        while not self._wanted:
            self._changed.clear()
            await self._changed.wait()

    async def _session(self) -> None:
        """One connection from its beginning to its end. Raises Lost."""
        reader, writer = await self._connect()
        self._joined, self._asked, self._welcomed, self._last = set(), {}, False, None
        joining: asyncio.Task[None] | None = None
        try:
            _send(writer, "CAP REQ :twitch.tv/tags twitch.tv/commands", *self._account.greeting())
            joining = asyncio.create_task(self._keep_joined(writer))
            await self._read(reader, writer)
        except (OSError, ssl.SSLError) as error:
            raise Lost(f"the connection broke ({error})") from error
        finally:
            if joining is not None:
                joining.cancel()
            writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        where = f"{self._host}:{self._port}"
        try:
            async with asyncio.timeout(self._timing.connect):
                found = await in_thread(socket.getaddrinfo, self._host, self._port, 0, socket.SOCK_STREAM)
                return await self._first_of([str(address[0]) for *_, address in found])
        except TimeoutError as error:
            raise Lost(f"{where} does not answer") from error
        except (OSError, ssl.SSLError) as error:
            raise Lost(f"{where} cannot be reached ({error})") from error

    async def _first_of(self, addresses: list[str]) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        name = self._host if self._tls else None
        error: OSError = OSError("no address")
        for address in addresses:
            try:
                return await asyncio.open_connection(address, self._port, ssl=self._tls, server_hostname=name)
            except OSError as caught:
                error = caught
        raise error

    async def _read(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        rest, asked = b"", False
        while True:
            try:
                async with asyncio.timeout(self._timing.answer if asked else self._timing.quiet):
                    data = await reader.read(1 << 16)
            except TimeoutError:
                if asked:
                    raise Lost("the server gives no sign of life") from None
                asked = True
                _send(writer, "PING :vod-tender")
                continue
            if not data:
                raise Lost("the server closed the connection")
            asked, received = False, time.time()
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > LONGEST_LINE:
                raise Lost("the server sends a line without end")
            lines = [line for line in lines if line.strip()]
            if lines:
                await self._listener.on_lines(lines, received)
                self._last = (lines[-1], received)
                for line in lines:
                    if not line.startswith(b"@") or b" NOTICE " in line or b" RECONNECT" in line:
                        self._control(irc.parse(line), writer)

    def _control(self, line: irc.Line, writer: asyncio.StreamWriter) -> None:
        match line.command:
            case "PING":
                _send(writer, f"PONG :{line.params[-1] if line.params else ''}")
            case "001":
                self._welcomed = True
                log.info("Chat: connected to %s:%d as %s.", self._host, self._port, (line.params or [""])[0])
                self._changed.set()
            case "JOIN" if line.channel:
                self._joined.add(line.channel)
            case "RECONNECT":
                raise Lost("the server asked us to connect again", at_once=True)
            case "NOTICE" if not self._welcomed and line.text.lower().startswith(_LOGIN_REFUSED):
                self._refused(line.text)
            case "NOTICE" if line.channel and line.channel not in self._joined:
                if (line.channel, line.text) not in self._noticed:
                    log.warning("Chat: %s cannot be joined: %s", line.channel, line.text)
                self._noticed.add((line.channel, line.text))

    def _refused(self, text: str) -> None:
        if not self._account.known:
            raise Lost(f"the server refuses the login ({text})")
        log.error(
            "Chat: Twitch refuses the account %s (%s). Check TWITCH_BOT_USERNAME and TWITCH_OAUTH_TOKEN; "
            "until then chat is read without an account.",
            self._account.login,
            text,
        )
        self._account = Account()
        raise Lost("the account was refused", at_once=True)

    async def _keep_joined(self, writer: asyncio.StreamWriter) -> None:
        while True:
            self._changed.clear()
            if self._welcomed:
                for login in sorted((self._joined | self._asked.keys()) - self._wanted):
                    _send(writer, f"PART #{login}")
                    self._joined.discard(login)
                    self._asked.pop(login, None)
                    await self._listener.on_parted(login)
                for login in sorted(self._wanted - self._joined):
                    if time.monotonic() - self._asked.get(login, float("-inf")) >= self._timing.join_answer:
                        await self._pacer.take()
                        self._asked[login] = time.monotonic()
                        _send(writer, f"JOIN #{login}")
            try:
                async with asyncio.timeout(self._timing.join_answer / 3):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _gone(self, reason: str) -> None:
        self._joined = set()
        if self._last is not None:
            line, received = self._last
            self._last = None
            await self._listener.on_lost(heard_ms(line, int(received * 1000)), reason)


def heard_ms(line: bytes, received_ms: int) -> int:
    """Up to when (ms since 1970) surely everything was heard, if this line is the last one read."""
    return min(received_ms, messages.sent_ms(irc.parse(line), received_ms)) - HEARD_MARGIN_MS


def _send(writer: asyncio.StreamWriter, *lines: str) -> None:
    """Small lines only: they fit in the socket's buffer, nobody waits."""
    writer.write("".join(f"{line}\r\n" for line in lines).encode())

"""irc.chat.twitch.tv: TLS and, when asked for, plain; capabilities, anonymous and token logins, rooms."""

from __future__ import annotations

import asyncio
import contextlib
import re
import ssl

from .chatlog import ChatEvent, ChatRooms
from .connections import abort_with_reset
from .irclines import line, room_state
from .tokens import TokenBook

PING_SECONDS = 60
_CAPABILITIES = ("twitch.tv/tags", "twitch.tv/commands", "twitch.tv/membership")
_LONGEST_LINE = 8192
_MOST_UNSENT = 16 * 1024 * 1024


class IrcServer:
    """All chat connections."""

    def __init__(self, rooms: ChatRooms, tokens: TokenBook) -> None:
        self.rooms, self.tokens = rooms, tokens
        self.connections: set[Connection] = set()
        self._servers: list[asyncio.Server] = []

    async def start(self, port: int, context: ssl.SSLContext | None) -> int:
        """Listens on 127.0.0.1, without TLS when there is no context; returns the port. OSError when it is taken."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=context, limit=_LONGEST_LINE)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        for server in self._servers:
            server.close()
        self.drop()

    def drop(self) -> int:
        """Cuts every connection with a reset; returns how many."""
        cut = list(self.connections)
        for connection in cut:
            connection.reset()
        return len(cut)

    def reconnect(self) -> int:
        """Tells every client to reconnect and closes, as Twitch does before maintenance."""
        told = list(self.connections)
        for connection in told:
            connection.send(":tmi.twitch.tv RECONNECT")
            connection.close()
        return len(told)

    async def flush(self) -> None:
        """Waits until slow readers have taken what they were sent, for bursts."""
        for connection in list(self.connections):
            with contextlib.suppress(ConnectionError):
                await connection.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connection = Connection(self, reader, writer)
        self.connections.add(connection)
        try:
            await connection.run()
        except (ConnectionError, ssl.SSLError, ValueError, asyncio.CancelledError):
            pass  # The client is gone, sent a line without end, or the simulator stops.
        finally:
            self.connections.discard(connection)
            connection.leave()


class Connection:
    """One client. Commands are methods by name."""

    def __init__(self, server: IrcServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._capabilities: set[str] = set()
        self._password = ""
        self.nick = ""
        self._welcomed = self._negotiating = False
        self.channels: set[str] = set()

    def send(self, *lines: str) -> None:
        if self._writer.is_closing():
            return
        self._writer.write("".join(f"{text}\r\n" for text in lines).encode())
        if self._writer.transport.get_write_buffer_size() > _MOST_UNSENT:
            self.reset()

    async def drain(self) -> None:
        await self._writer.drain()

    def close(self) -> None:
        self._writer.close()

    def reset(self) -> None:
        abort_with_reset(self._writer.transport)

    def leave(self) -> None:
        for channel in self.channels:
            self._server.rooms.part(channel, self._hear)
        self._writer.close()

    async def run(self) -> None:
        ping = asyncio.create_task(self._ping())
        try:
            while raw := await self._reader.readline():
                text = raw.decode("utf-8", errors="replace").rstrip("\r\n")
                command, _, rest = text.partition(" ")
                handler = getattr(self, f"_on_{command.lower()}", None)
                if handler is not None:
                    handler(rest)
                elif command:
                    self.send(f":tmi.twitch.tv 421 {self.nick or '*'} {command} :Unknown command")
        finally:
            ping.cancel()

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            self.send("PING :tmi.twitch.tv")

    def _hear(self, event: ChatEvent) -> None:
        tags, commands = self._has("tags"), self._has("commands")
        text = line(event, self._server.rooms.room_id(event.channel), tags=tags, commands=commands)
        if text is not None:
            self.send(text)

    def _has(self, capability: str) -> bool:
        return f"twitch.tv/{capability}" in self._capabilities

    def _on_cap(self, rest: str) -> None:
        verb, _, names = rest.partition(" ")
        asked = names.removeprefix(":").split()
        if verb.upper() == "LS":
            self._negotiating = not self._welcomed
            self.send(f":tmi.twitch.tv CAP * LS :{' '.join(_CAPABILITIES)}")
        elif verb.upper() == "REQ":
            known = all(name in _CAPABILITIES for name in asked)
            self._capabilities |= set(asked) if known else set()
            self.send(f":tmi.twitch.tv CAP * {'ACK' if known else 'NAK'} :{' '.join(asked)}")
        elif verb.upper() == "END":
            self._negotiating = False
            self._welcome()

    def _on_pass(self, rest: str) -> None:
        self._password = rest.removeprefix(":").strip()

    def _on_user(self, rest: str) -> None:
        """Twitch needs no USER and answers nothing."""

    def _on_nick(self, rest: str) -> None:
        self.nick = rest.removeprefix(":").strip().lower()
        self._welcome()

    def _welcome(self) -> None:
        if self._welcomed or self._negotiating or not self.nick:
            return
        if not re.fullmatch(r"justinfan\d+", self.nick) and (why := self._login_error()):
            self.send(f":tmi.twitch.tv NOTICE * :{why}")
            self.close()
            return
        self._welcomed = True
        me, server = self.nick, ":tmi.twitch.tv"
        self.send(
            f"{server} 001 {me} :Welcome, GLHF!",
            f"{server} 002 {me} :Your host is tmi.twitch.tv",
            f"{server} 003 {me} :This server is rather new",
            f"{server} 004 {me} :-",
            f"{server} 375 {me} :-",
            f"{server} 372 {me} :You are in a maze of twisty passages, all alike.",
            f"{server} 376 {me} :>",
        )
        if self._has("commands") and not me.startswith("justinfan"):
            self.send(f"{'@display-name=' + me + ' ' if self._has('tags') else ''}{server} GLOBALUSERSTATE")

    def _login_error(self) -> str | None:
        if not self._password.startswith("oauth:"):
            return "Improperly formatted auth"
        grant = self._server.tokens.valid(self._password.removeprefix("oauth:"), "twitch")
        if grant is None or not grant["login"]:
            return "Login authentication failed"
        self.nick = grant["login"]
        return None

    def _on_join(self, rest: str) -> None:
        for name in rest.split(" ", maxsplit=1)[0].split(","):
            channel = name.strip().removeprefix("#").lower()
            if not self._welcomed or not self._server.rooms.exists(channel) or channel in self.channels:
                continue  # Twitch says nothing about a room that does not exist.
            self.channels.add(channel)
            me = self.nick
            self.send(f":{me}!{me}@{me}.tmi.twitch.tv JOIN #{channel}")
            if self._has("commands"):
                self.send(room_state(channel, self._server.rooms.room_id(channel), tags=self._has("tags")))
            self.send(
                f":{me}.tmi.twitch.tv 353 {me} = #{channel} :{me}",
                f":{me}.tmi.twitch.tv 366 {me} #{channel} :End of /NAMES list",
            )
            self._server.rooms.join(channel, self._hear)

    def _on_part(self, rest: str) -> None:
        for name in rest.split(" ", maxsplit=1)[0].split(","):
            channel = name.strip().removeprefix("#").lower()
            if channel in self.channels:
                self.channels.discard(channel)
                self._server.rooms.part(channel, self._hear)
                self.send(f":{self.nick}!{self.nick}@{self.nick}.tmi.twitch.tv PART #{channel}")

    def _on_ping(self, rest: str) -> None:
        self.send(f":tmi.twitch.tv PONG tmi.twitch.tv {rest if rest.startswith(':') else ':' + rest}".rstrip())

    def _on_pong(self, rest: str) -> None:
        """The client lives."""

    def _on_quit(self, rest: str) -> None:
        self.close()

    def _on_privmsg(self, rest: str) -> None:
        """What a logged-in client says goes to the others, not back to itself; an anonymous one is not heard."""
        room, _, text = rest.partition(" :")
        channel = room.strip().removeprefix("#")
        if self.nick.startswith("justinfan") or channel not in self.channels or not text:
            return
        kind = "message"
        if match := re.fullmatch("\x01ACTION (.*)\x01", text):
            kind, text = "action", match[1]
        self._server.rooms.part(channel, self._hear)
        self._server.rooms.say(ChatEvent(channel, kind, self.nick, self.nick, text))
        self._server.rooms.join(channel, self._hear)

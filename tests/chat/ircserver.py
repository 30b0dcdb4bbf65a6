"""A small chat server on loopback, in a thread of its own, that breaks off when it is told to."""

from __future__ import annotations

import asyncio
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")


class Client:
    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.nick = ""
        self.channels: set[str] = set()

    def send(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())


class IrcServer:
    """`sent` holds (id, ms since 1970) of everything that was ever said, whoever was there to hear it."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.sent: list[tuple[str, int]] = []
        self.heard: list[tuple[float, str]] = []  # (monotonic time, line) from all clients
        self.clients: list[Client] = []
        self.refused_password = ""
        self.mute = False
        self.accepted = 0
        self.port = 0
        self._tls = tls
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(10)

    def do(self, work: Callable[[], T]) -> T:
        """Runs the function in the server's thread."""

        async def run() -> T:
            return work()

        return self.call(run())

    def start(self) -> None:
        self._thread.start()
        self._server = self.call(asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=self._tls))
        self.port = self._server.sockets[0].getsockname()[1]

    def stop(self) -> None:
        self.do(self._server.close)
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def say(self, channel: str, amount: int = 1, *, twice: bool = False) -> None:
        """Numbered messages, each with the time of its sending; `twice`: each sent two times."""
        self.do(lambda: self._say(channel, amount, twice))

    def _say(self, channel: str, amount: int, twice: bool) -> None:
        for _ in range(amount):
            id_, now = f"id-{channel}-{len(self.sent)}", int(time.time() * 1000)
            self.sent.append((id_, now))
            line = f"@id={id_};tmi-sent-ts={now};user-id=7 :ann!ann@ann PRIVMSG #{channel} :message {id_}"
            for client in self.clients:
                if channel in client.channels:
                    client.send(line)
                    if twice:
                        client.send(line)

    def drop(self) -> None:
        """Cuts every connection in the middle of a line."""
        self.do(lambda: [(c.writer.write(b"@id=torn;tmi-sent"), c.writer.transport.abort()) for c in self.clients])

    def reconnect(self) -> None:
        self.do(lambda: [client.send(":tmi.twitch.tv RECONNECT") for client in self.clients])

    def joined(self, channel: str) -> bool:
        return self.do(lambda: any(channel in client.channels for client in self.clients))

    def lines(self, start: str) -> list[tuple[float, str]]:
        return [(when, line) for when, line in list(self.heard) if line.startswith(start)]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(writer)
        self.clients.append(client)
        self.accepted += 1
        try:
            while line := await reader.readline():
                text = line.decode().strip()
                self.heard.append((time.monotonic(), text))
                if not self.mute:
                    self._answer(client, text)
        except ConnectionError:
            pass
        finally:
            self.clients.remove(client)
            writer.close()

    def _answer(self, client: Client, text: str) -> None:
        command, _, rest = text.partition(" ")
        if command == "PASS" and self.refused_password and rest == self.refused_password:
            client.send(":tmi.twitch.tv NOTICE * :Login authentication failed")
        elif command == "NICK":
            client.nick = rest
            client.send(f":tmi.twitch.tv 001 {rest} :Welcome, GLHF!")
        elif command == "PING":
            client.send(f":tmi.twitch.tv PONG tmi.twitch.tv {rest}")
        elif command == "JOIN":
            client.channels.add(rest[1:])
            client.send(f":{client.nick}!{client.nick}@{client.nick} JOIN {rest}")
        elif command == "PART":
            client.channels.discard(rest[1:])


@contextmanager
def serving(tls: ssl.SSLContext | None = None) -> Iterator[IrcServer]:
    server = IrcServer(tls)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def until(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    """Waits for the condition; fails with `what` when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        time.sleep(0.01)


async def eventually(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> None:
    """Like `until`, in an event loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}")
        await asyncio.sleep(0.01)

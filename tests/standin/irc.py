"""Twitch's chat over plain IRC: https://dev.twitch.tv/docs/chat/irc/. One channel, about five messages a second."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import secrets
import time
import uuid

from tests.standin.world import LOGIN, USER_ID, World

HOST = "tmi.twitch.tv"
MESSAGE_SECONDS, PING_SECONDS, PONG_SECONDS = 0.2, 8, 10
RECONNECT_AFTER = 15.0  # seconds after the first JOIN, once
PEOPLE = (("Zwerg_Nase", "#8A2BE2"), ("pixelpaul99", ""), ("Ünal", "#FF7F50"), ("streamfan_77", "#1E90FF"))
TEXTS = ("hallo zusammen", "Kappa Kappa \U0001f605", "a=b;c \\s d", "\x01ACTION winkt\x01", ":) was für ein Zug!", "gg")


class Client:
    """One connection."""

    def __init__(self, world: World, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._world, self._reader, self._writer = world, reader, writer
        self._nick, self._tags = "", False
        self.joined = False
        self.pinged: float | None = None

    def send(self, *lines: str) -> None:
        self._writer.write("".join(f"{line}\r\n" for line in lines).encode())

    def close(self) -> None:
        self._writer.close()

    async def serve(self) -> None:
        while line := await self._reader.readline():
            command, _, rest = line.decode().rstrip("\r\n").partition(" ")
            if not self._obey(command.upper(), rest):
                self._world.note("unexpected.log", method=command, host="irc", path=rest)

    def _obey(self, command: str, rest: str) -> bool:
        match command:
            case "CAP":
                wanted = set(rest.partition(":")[2].split())
                self._tags = "twitch.tv/tags" in wanted
                self.send(f":{HOST} CAP * ACK :{rest.partition(':')[2]}")
                return wanted <= {"twitch.tv/tags", "twitch.tv/commands", "twitch.tv/membership"}
            case "NICK":
                self._nick = rest
                self._welcome()
                return re.fullmatch(r"justinfan\d+", rest) is not None
            case "JOIN":
                if rest != f"#{LOGIN}" or not self._nick:
                    return False
                self._join()
            case "PONG":
                self.pinged = None
                return rest in {f":{HOST}", HOST}
            case "PING":
                self.send(f":{HOST} PONG {HOST} {rest}")
            case "PART" | "QUIT":
                self.joined = False
            case _:
                return False
        return True

    def _welcome(self) -> None:
        texts = {"001": "Welcome, GLHF!", "002": f"Your host is {HOST}", "003": "This server is rather new", "004": "-"}
        texts |= {"375": "-", "372": "You are in a maze of twisty passages, all alike.", "376": ">"}
        self.send(*(f":{HOST} {number} {self._nick} :{text}" for number, text in texts.items()))

    def _join(self) -> None:
        me = f"{self._nick}!{self._nick}@{self._nick}.{HOST}"
        state = f"@emote-only=0;followers-only=-1;r9k=0;room-id={USER_ID};slow=0;subs-only=0 :{HOST} ROOMSTATE #{LOGIN}"
        self.send(f":{me} JOIN #{LOGIN}", f":{self._nick}.{HOST} 353 {self._nick} = #{LOGIN} :{self._nick}")
        self.send(f":{self._nick}.{HOST} 366 {self._nick} #{LOGIN} :End of /NAMES list", state)
        self.joined = self._tags


class Chat:
    """The server: everybody who joined hears the same."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clients: set[Client] = set()
        self._first_join = 0.0

    async def start(self) -> int:
        """Serves from now on; the port."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self._tasks = [asyncio.create_task(work) for work in (self._talk(), self._ping())]
        return int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = Client(self._world, reader, writer)
        self._clients.add(client)
        with contextlib.suppress(OSError, ValueError):
            await client.serve()
        self._clients.discard(client)
        client.close()

    async def _talk(self) -> None:
        for number in itertools.count():
            now, message_id = time.time_ns() // 1_000_000, str(uuid.uuid4())
            hearers = [client for client in self._clients if client.joined]
            for client in hearers:
                client.send(_line(number, now, message_id))
            self._world.note("chat.log", id=message_id, ts=now, heard=len(hearers))
            if hearers and not self._first_join:
                self._first_join = time.monotonic()
            if self._first_join > 0 and time.monotonic() - self._first_join > RECONNECT_AFTER:
                self._first_join = float("-inf")
                for client in hearers:
                    client.joined = False
                    client.send(f":{HOST} RECONNECT")
            await asyncio.sleep(MESSAGE_SECONDS)

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_SECONDS)
            for client in list(self._clients):
                if client.pinged and time.monotonic() - client.pinged > PONG_SECONDS:
                    self._world.note("unexpected.log", method="no PONG", host="irc", path="")
                    client.close()
                client.pinged = client.pinged or time.monotonic()
                client.send(f"PING :{HOST}")


def _line(number: int, now: int, message_id: str) -> str:
    """A message with the tags in the order of Twitch's page; now and then a resubscription."""
    name, colour = PEOPLE[number % len(PEOPLE)]
    login = name.lower() if name.isascii() else "unal_tv"
    badges = "badge-info=subscriber/8;badges=subscriber/6" if number % 4 == 0 else "badge-info=;badges="
    if number % 23 == 22:
        notice = r"msg-id=resub;msg-param-cumulative-months=8;msg-param-sub-plan-name=Stufe\s1;msg-param-sub-plan=1000"
        system = rf"system-msg={name}\ssubscribed\sat\sTier\s1."
        head = (
            f"@{badges};color={colour};display-name={name};emotes=;flags=;id={message_id};login={login};mod=0;{notice}"
        )
        tail = f"room-id={USER_ID};subscriber=1;{system};tmi-sent-ts={now};user-id=9{number % 4}00123;user-type="
        return f"{head};{tail} :{HOST} USERNOTICE #{LOGIN} :acht Monate!"
    text = TEXTS[number % len(TEXTS)]
    emotes = "25:0-4,6-10" if text.startswith("Kappa") else ""
    head = (
        f"@{badges};client-nonce={secrets.token_hex(16)};color={colour};display-name={name};emotes={emotes};first-msg=0"
    )
    tail = f"room-id={USER_ID};subscriber=0;tmi-sent-ts={now};turbo=0;user-id=9{number % 4}00123;user-type="
    tags = f"{head};flags=;id={message_id};mod=0;returning-chatter=0;{tail}"
    return f"{tags} :{login}!{login}@{login}.{HOST} PRIVMSG #{LOGIN} :{text}"

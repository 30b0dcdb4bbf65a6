"""The simulator as a whole: proxy, TLS web server, IRC, control endpoint."""

from __future__ import annotations

import asyncio
import os
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from aiohttp import web

from . import DEMO_CHANNEL, environment, tls
from .cdn import Cdn
from .chatter import keep_talking
from .control import Control
from .delivery import Delivery
from .documents import hold, utcnow, write_json
from .google import GoogleToken
from .gql import Gql
from .helix import Helix
from .irc import IrcServer
from .proxy import ConnectProtocol
from .twitch_id import TwitchId
from .usher import Usher
from .world import World, open_world
from .youtube import YouTube

BROADCAST_SECONDS = 75.0
PAUSE_SECONDS = 20.0
_TICK_SECONDS = 0.2


@dataclass(frozen=True)
class Options:
    """Where the simulator lives. Port 0 means a free one."""

    state_dir: Path
    media_dir: Path | None = None
    """Pictures and sound, which several simulators may share; None: in the state folder."""
    proxy_port: int = 0
    irc_port: int = 0
    control_port: int = 0
    broadcast_seconds: float = BROADCAST_SECONDS
    """Length of the first broadcast; 0 for none."""
    pause_seconds: float = PAUSE_SECONDS
    """From its end to the second one."""
    irc_plain_port: int | None = None
    """Chat without TLS, as on Twitch's port 6667; None: not served."""
    media_ahead: bool = True
    """Make all pictures and sound in the background; False: only what is asked for."""


class Simulator:
    """start() serves until stop(); several can run in one process with different state folders."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.proxy_port = self.irc_port = self.control_port = 0
        self.irc_plain_port: int | None = None
        self._lock: IO[bytes] | None = None
        self._world: World | None = None
        self._irc: IrcServer | None = None
        self._proxy: asyncio.Server | None = None
        self._runners: list[web.AppRunner | web.ServerRunner] = []
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def environment(self) -> dict[str, str]:
        """What a product needs to be pointed here."""
        return environment(
            self.options.state_dir, proxy_port=self.proxy_port, irc_port=self.irc_port, channel=DEMO_CHANNEL
        )

    async def start(self) -> None:
        """Opens the state, listens everywhere, then writes simulator.json. OSError: port or folder taken."""
        options = self.options
        self._lock = hold(options.state_dir)
        self._world = world = open_world(
            options.state_dir,
            options.media_dir or options.state_dir / "media",
            broadcast_seconds=options.broadcast_seconds,
            pause_seconds=options.pause_seconds,
        )
        try:
            await self._listen(world)
        except OSError:
            await self.stop()
            raise
        world.broadcasts.tick(utcnow())
        world.media.start(ahead=options.media_ahead)
        self._tasks = [
            asyncio.create_task(self._keep_time(world)),
            asyncio.create_task(keep_talking(world.chat, world.broadcasts)),
        ]
        write_json(options.state_dir / "simulator.json", self._facts())

    def _facts(self) -> dict[str, str | int]:
        """What simulator.json says: addresses, the CA, the process."""
        plain = {} if self.irc_plain_port is None else {"irc_plain": f"irc://127.0.0.1:{self.irc_plain_port}"}
        return {
            "proxy": f"http://127.0.0.1:{self.proxy_port}",
            "ca": str(self.options.state_dir.resolve() / "ca.pem"),
            "irc": f"ircs://127.0.0.1:{self.irc_port}",
            **plain,
            "control": f"http://127.0.0.1:{self.control_port}",
            "pid": os.getpid(),
        }

    async def _listen(self, world: World) -> None:
        context = tls.server_context(tls.authority(self.options.state_dir))
        self._irc = IrcServer(world.chat, world.tokens)
        self.irc_port = await self._irc.start(self.options.irc_port, context)
        if self.options.irc_plain_port is not None:
            self.irc_plain_port = await self._irc.start(self.options.irc_plain_port, None)

        sites = [
            Gql(world),
            Usher(world),
            Cdn(world),
            TwitchId(world),
            Helix(world),
            GoogleToken(world),
            YouTube(world),
        ]
        web_app = web.Application(client_max_size=64 * 1024 * 1024)
        web_app.router.add_route("*", "/{path:.*}", Delivery(world, sites).__call__)
        self.proxy_port = await self._serve_proxy(web_app, context, world)

        control = web.AppRunner(Control(world, self._irc).application(), access_log=None, shutdown_timeout=0.3)
        self._runners.append(control)
        await control.setup()
        site = web.TCPSite(control, "127.0.0.1", self.options.control_port)
        await site.start()
        self.control_port = int(control.addresses[0][1])

    async def _serve_proxy(self, app: web.Application, context: ssl.SSLContext, world: World) -> int:
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.3, keepalive_timeout=75)
        self._runners.append(runner)
        await runner.setup()
        if (server := runner.server) is None:
            raise RuntimeError("aiohttp's runner has no server after setup")
        self._proxy = await asyncio.get_running_loop().create_server(
            lambda: ConnectProtocol(server, context, world.log), "127.0.0.1", self.options.proxy_port
        )
        return int(self._proxy.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stops listening, cuts what is open, ends ffmpeg. Takes about a second at most."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._proxy is not None:
            self._proxy.close()
        if self._irc is not None:
            await self._irc.stop()
        for runner in self._runners:
            await runner.cleanup()
        if self._world is not None:
            await self._world.media.stop()
            self._world.log.close()
        if self._lock is not None:
            (self.options.state_dir / "simulator.json").unlink(missing_ok=True)
            self._lock.close()

    async def _keep_time(self, world: World) -> None:
        while True:
            world.broadcasts.tick(utcnow())
            await asyncio.sleep(_TICK_SECONDS)

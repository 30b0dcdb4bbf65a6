"""`python -m tests.standin --state DIR`: runs until it is ended; DIR/standin.json appears when it serves."""

from __future__ import annotations

import argparse
import asyncio
import threading
from pathlib import Path

from tests.standin import media, twitch, youtube
from tests.standin.front import Listener, Proxy, Service
from tests.standin.irc import Chat
from tests.standin.world import DISPLAY_NAME, SUB_ONLY_ID, World

NOT_WANTED = {"2586000123", "2581000999"}  # a highlight, and what is beyond the backlog: without media


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.standin")
    parser.add_argument("--state", type=Path, required=True)
    folder = parser.parse_args().state.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(World(folder)))


async def _run(world: World) -> None:
    for vod in world.vods:
        if vod.id not in NOT_WANTED | {SUB_ONLY_ID}:
            media.make(vod, world.folder / "media" / vod.id)
    identity, player, tube = twitch.Identity(world), twitch.Player(world), youtube.YouTube(world)
    services: dict[str, Service] = {
        "id.twitch.tv": identity,
        "api.twitch.tv": twitch.Helix(world, identity),
        "gql.twitch.tv": player.gql,
        "usher.ttvnw.net": player.usher,
        "oauth2.googleapis.com": tube.oauth,
        "youtube.googleapis.com": tube.api,
        "www.googleapis.com": tube.api,
        "*": player.cdn,
    }
    listener = Listener(world, services)
    proxy = Proxy(world, listener.server_address[:2])  # type: ignore[arg-type]
    for server in (listener, proxy):
        threading.Thread(target=server.serve_forever, daemon=True).start()
    environment = {
        "HTTPS_PROXY": f"http://127.0.0.1:{proxy.server_address[1]}",
        "SSL_CERT_FILE": str(world.folder / "ca.pem"),
        "TWITCH_IRC_URL": f"irc://127.0.0.1:{await Chat(world).start()}",
        "TWITCH_CHANNEL": DISPLAY_NAME,
        "TWITCH_CLIENT_ID": twitch.CLIENT_ID,
        "TWITCH_CLIENT_SECRET": twitch.CLIENT_SECRET,
        "YT_CLIENT_ID": youtube.CLIENT_ID,
        "YT_CLIENT_SECRET": youtube.CLIENT_SECRET,
    }
    vods = {vod.id: {"title": vod.title, "created_at": vod.created_at.isoformat()} for vod in world.vods}
    world.write("standin.json", {"env": environment, "google_token": youtube.AUTHORIZED_USER, "vods": vods})
    await asyncio.Event().wait()


main()

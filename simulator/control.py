"""The control endpoint, plain HTTP on 127.0.0.1: what the simulator saw, and what shall go wrong next.

Every answer is JSON. Faults have the fields of `faults.Rule`. docs/SIMULATOR.md lists what there is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from .chatlog import ChatEvent
from .chatter import CHATTERS, reply
from .controlvods import VodControl
from .documents import rfc3339
from .faults import rules_of
from .helixbucket import POINTS, SECONDS
from .irc import IrcServer
from .world import World, write_token_files

SPOKEN_KINDS = ("message", "action", "reply", "sub", "resub", "subgift", "raid", "announcement")
_YOUTUBE_TARGETS = ("open", "chunk", "probe", "api", "token")


class Control:
    def __init__(self, world: World, irc: IrcServer) -> None:
        self._world, self._irc = world, irc

    def application(self) -> web.Application:
        app = web.Application(middlewares=[_errors_as_json])
        app.add_routes(
            [
                web.get("/state", self.state),
                web.get("/requests", self.requests),
                web.delete("/requests", self.forget_requests),
                *VodControl(self._world).routes(),
                web.get("/faults", self.faults),
                web.post("/faults", self.add_fault),
                web.delete("/faults", self.clear_faults),
                web.post("/helix/faults", self.helix_faults),
                web.get("/helix/bucket", self.helix_bucket),
                web.post("/helix/bucket", self.resize_helix_bucket),
                web.post("/youtube/faults", self.youtube_faults),
                web.get("/youtube/videos", self.youtube_videos),
                web.get("/chat/{channel}", self.chat),
                web.post("/irc/reconnect", self.irc_reconnect),
                web.post("/irc/drop", self.irc_drop),
                web.post("/irc/{channel}/say", self.irc_say),
                web.post("/irc/{channel}/clearmsg", self.irc_clearmsg),
                web.post("/irc/{channel}/clearchat", self.irc_clearchat),
                web.post("/broadcast/{channel}", self.broadcast),
                web.post("/tokens/{provider}", self.tokens),
                web.post("/twitch/tokens/expire", self.expire_twitch_tokens),
            ]
        )
        return app

    async def state(self, request: web.Request) -> web.Response:
        world = self._world
        connections = [{"nick": c.nick, "channels": sorted(c.channels)} for c in self._irc.connections]
        return web.json_response(
            {
                "first_start": rfc3339(world.catalogue.first_start),
                "broadcasts": world.broadcasts.to_json(),
                "irc": connections,
                "faults": world.faults.to_json(),
                "vods": len(world.catalogue.vods),
                "videos": len(world.videos.videos()),
            }
        )

    async def requests(self, request: web.Request) -> web.Response:
        """All requests in memory, oldest first; `?host=`, `?contains=` (in the path) narrow."""
        host, contains = request.query.get("host"), request.query.get("contains", "")
        rows = [e for e in self._world.log.entries if (not host or e["host"] == host) and contains in e["path"]]
        return web.json_response(rows)

    async def forget_requests(self, request: web.Request) -> web.Response:
        self._world.log.entries.clear()
        return web.json_response({})

    async def faults(self, request: web.Request) -> web.Response:
        return web.json_response(self._world.faults.to_json())

    async def add_fault(self, request: web.Request) -> web.Response:
        """{target, …rule}: the general form of all the others."""
        body = await request.json()
        self._add(body.pop("target"), body)
        return web.json_response(self._world.faults.to_json())

    async def clear_faults(self, request: web.Request) -> web.Response:
        """Forgets the faults at and below `?target=`, or all."""
        self._world.faults.clear(request.query.get("target", ""))
        return web.json_response({})

    async def helix_faults(self, request: web.Request) -> web.Response:
        """A rule for every Helix request."""
        self._add("helix", await request.json())
        return web.json_response({})

    async def youtube_faults(self, request: web.Request) -> web.Response:
        """{open, chunk, probe, api, token: rule; sessions: 404 | 410 ends open sessions; expire_tokens: true}."""
        body, ended, expired = await request.json(), 0, 0
        if "sessions" in body:
            ended = self._world.videos.end_sessions(int(body.pop("sessions")))
        if body.pop("expire_tokens", False):
            expired = self._world.tokens.expire_all("google")
        for part in _YOUTUBE_TARGETS:
            if part in body:
                self._add(f"youtube/{part}", body.pop(part))
        if body:
            raise ValueError(f"unknown field {', '.join(body)}")
        return web.json_response({"sessions_ended": ended, "tokens_expired": expired})

    async def helix_bucket(self, request: web.Request) -> web.Response:
        """Size, seconds to fill it, and what is left to each client."""
        return web.json_response(self._world.buckets.to_json())

    async def resize_helix_bucket(self, request: web.Request) -> web.Response:
        """{points, seconds}: all buckets anew and full; without them 800 in 60 seconds."""
        body = await request.json()
        self._world.buckets.resize(int(body.get("points", POINTS)), float(body.get("seconds", SECONDS)))
        return web.json_response(self._world.buckets.to_json())

    async def tokens(self, request: web.Request) -> web.Response:
        """Of twitch or google: {expire: true} all access tokens, {revoke: true} all grants for good (the token file to
        import holds a new one), {seconds: n | null} that access tokens live from now on (null: the usual time).
        """
        provider, body, tokens = request.match_info["provider"], await request.json(), self._world.tokens
        if provider not in ("twitch", "google") or set(body) - {"expire", "revoke", "seconds"}:
            raise ValueError("tokens are twitch's or google's; {expire, revoke, seconds}")
        if "seconds" in body:
            tokens.set_lifetime(provider, body["seconds"])
        revoked = tokens.revoke_all(provider) if body.get("revoke") else 0
        if revoked:
            write_token_files(self._world.state_dir, tokens, anew=provider)
        expired = tokens.expire_all(provider) if body.get("expire") else 0
        return web.json_response({"tokens_expired": expired, "grants_revoked": revoked})

    async def expire_twitch_tokens(self, request: web.Request) -> web.Response:
        return web.json_response({"tokens_expired": self._world.tokens.expire_all("twitch")})

    async def youtube_videos(self, request: web.Request) -> web.Response:
        """Finished videos, oldest first, and how many sessions carry each one's title."""
        titles = [s.row["resource"]["snippet"]["title"] for s in self._world.videos.sessions()]
        rows = []
        for video in self._world.videos.videos():
            snippet = video["resource"]["snippet"]
            rows.append(
                {
                    "id": video["id"],
                    "title": snippet["title"],
                    "description": snippet.get("description", ""),
                    "privacy": (video["resource"].get("status") or {}).get("privacyStatus", "public"),
                    "sha256": video["sha256"],
                    "size": video["size"],
                    "uploaded_at": video["uploaded_at"],
                    "sessions": titles.count(snippet["title"]),
                }
            )
        return web.json_response(rows)

    async def chat(self, request: web.Request) -> web.Response:
        """Everything that was said: channel, kind, login, display_name, text, ts (ms), id, target."""
        return web.json_response(self._world.chat.history(request.match_info["channel"]))

    async def irc_say(self, request: web.Request) -> web.Response:
        """{text, login, count, rate (messages a second, 0: at once), kind}; `{n}` in text is the message's number.

        Answers with the ids when all are sent.
        """
        channel, body = request.match_info["channel"], await request.json()
        self._known(channel)
        kind, login = body.get("kind", "message"), str(body.get("login", "tester")).lower()
        if kind not in SPOKEN_KINDS:
            raise ValueError(f"kind is one of {', '.join(SPOKEN_KINDS)}")
        rate, ids = float(body.get("rate", 0)), []
        for number in range(int(body.get("count", 1))):
            text = str(body.get("text", "hello")).replace("{n}", str(number))
            event = ChatEvent(channel, kind, login, CHATTERS.get(login, login), text)
            said = [e for e in self._world.chat.last.get(channel, ()) if e.kind == "message"]
            if kind == "reply" and said:
                event = reply(said[-1], event.login, event.display_name, text)
            self._world.chat.say(event)
            ids.append(event.id)
            if rate:
                await asyncio.sleep(1 / rate)
            elif number % 200 == 199:
                await self._irc.flush()
        return web.json_response({"ids": ids})

    async def irc_clearmsg(self, request: web.Request) -> web.Response:
        """{id}: deletes that message."""
        channel, body = request.match_info["channel"], await request.json()
        row = next((r for r in self._world.chat.history(channel) if r["id"] == body.get("id")), None)
        if row is None:
            raise web.HTTPNotFound(text="no such message")
        target = {"id": row["id"]}
        event = ChatEvent(channel, "clearmsg", row["login"], row["display_name"], row["text"], target=target)
        self._world.chat.say(event)
        return web.json_response({"id": event.id})

    async def irc_clearchat(self, request: web.Request) -> web.Response:
        """{login, seconds}: times a chatter out; without a login clears the whole room."""
        channel, body = request.match_info["channel"], await request.json()
        self._known(channel)
        login = str(body.get("login", ""))
        event = ChatEvent(channel, "clearchat", login, login, "", target={"seconds": str(body.get("seconds", 600))})
        self._world.chat.say(event)
        return web.json_response({"id": event.id})

    async def irc_reconnect(self, request: web.Request) -> web.Response:
        return web.json_response({"connections": self._irc.reconnect()})

    async def irc_drop(self, request: web.Request) -> web.Response:
        return web.json_response({"connections": self._irc.drop()})

    async def broadcast(self, request: web.Request) -> web.Response:
        """{live: true | false}: see Broadcasts.set_live."""
        channel = request.match_info["channel"]
        self._known(channel)
        self._world.broadcasts.set_live(channel, bool((await request.json())["live"]))
        return web.json_response(self._world.broadcasts.to_json())

    def _known(self, channel: str) -> None:
        if not self._world.chat.exists(channel):
            raise web.HTTPNotFound(text=f"no channel {channel}")

    def _add(self, target: str, rules: Any) -> None:
        for rule in rules_of(rules):
            self._world.faults.add(target, rule)


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as error:
        return web.json_response({"error": error.text}, status=error.status)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        return web.json_response({"error": f"bad request: {error}"}, status=400)

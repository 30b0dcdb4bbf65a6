"""The control endpoint, plain HTTP on 127.0.0.1: what the simulator saw, and what shall go wrong next.

Every answer is JSON. Faults have the fields of `faults.Rule`; a VOD's faults may name segments.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from . import DEMO_CHANNEL
from .catalogue import Chapter, Vod
from .chatlog import ChatEvent
from .chatter import CHATTERS, reply
from .documents import rfc3339, utcnow
from .faults import Rule
from .irc import IrcServer
from .seed import CHATTING, cdn_folder
from .world import World

SPOKEN_KINDS = ("message", "action", "reply", "sub", "resub", "subgift", "raid", "announcement")
_VOD_RULE_FIELDS = ("latency", "rate", "reset_after", "truncate", "short")
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
                web.get("/vods", self.vods),
                web.post("/vods", self.add_vod),
                web.post("/vods/{vod_id}/faults", self.vod_faults),
                web.delete("/vods/{vod_id}/faults", self.clear_vod_faults),
                web.get("/faults", self.faults),
                web.post("/faults", self.add_fault),
                web.delete("/faults", self.clear_faults),
                web.post("/helix/faults", self.helix_faults),
                web.post("/youtube/faults", self.youtube_faults),
                web.get("/youtube/videos", self.youtube_videos),
                web.get("/chat/{channel}", self.chat),
                web.post("/irc/reconnect", self.irc_reconnect),
                web.post("/irc/drop", self.irc_drop),
                web.post("/irc/{channel}/say", self.irc_say),
                web.post("/irc/{channel}/clearmsg", self.irc_clearmsg),
                web.post("/irc/{channel}/clearchat", self.irc_clearchat),
                web.post("/broadcast/{channel}", self.broadcast),
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

    async def vods(self, request: web.Request) -> web.Response:
        """All VODs with what a product cannot see; `?channel=` narrows."""
        wanted, now = request.query.get("channel"), utcnow()
        mine = (v for v in self._world.catalogue.vods.values() if wanted in (None, v.channel))
        return web.json_response([v.to_json() | {"length": v.length(now)} for v in mine])

    async def add_vod(self, request: web.Request) -> web.Response:
        """A new finished VOD: {channel, title, seconds, age_seconds, media, kbps}. Answers when its media are made.

        `kbps` makes media of a constant bit rate; `media` shares or names them.
        """
        body = await request.json()
        channel, seconds = body.get("channel", DEMO_CHANNEL), int(body.get("seconds", 20))
        self._known(channel)
        number = self._world.catalogue.next_id()
        created_at = utcnow().replace(microsecond=0)
        stream_id = str(41_900_000_000 + int(number) % 10_000_000)
        vod = Vod(
            id=number,
            channel=channel,
            stream_id=stream_id,
            title=body.get("title", f"Added VOD {number}"),
            created_at=created_at,
            seconds=seconds,
            media=body.get("media", f"added-{number}"),
            folder=cdn_folder(channel, stream_id, created_at),
            chapters=[Chapter(CHATTING, 0)],
        )
        self._world.media.plan(vod.media, seconds, body.get("kbps"))
        await self._world.media.ready(vod.media)
        self._world.catalogue.add(vod)
        return web.json_response(vod.to_json())

    async def vod_faults(self, request: web.Request) -> web.Response:
        """{deleted, sub_only, title, segments: {"3" | "*": rule}, gql: rule, usher: rule, playlist: rule, and the
        fields latency, rate, reset_after, truncate, short for all of it}. A bare number stands for {"status": number}.
        """
        vod = self._world.catalogue.vods.get(request.match_info["vod_id"])
        if vod is None:
            raise web.HTTPNotFound(text="no such vod")
        body = await request.json()
        for name in ("deleted", "sub_only", "title"):
            if name in body:
                setattr(vod, name, body.pop(name))
                self._world.catalogue.save()
        for index, row in body.pop("segments", {}).items():
            self._add(f"vod/{vod.id}/segment/{index}", row)
        for part in ("gql", "usher", "playlist"):
            if part in body:
                self._add(f"vod/{vod.id}/{part}", body.pop(part))
        general = {name: body.pop(name) for name in (*_VOD_RULE_FIELDS, "times") if name in body}
        if body:
            raise ValueError(f"unknown field {', '.join(body)}")
        if general:
            # Bytes that are cut or slowed are media; a delay is for everything about the VOD.
            self._add(f"vod/{vod.id}" if set(general) <= {"latency", "times"} else f"vod/{vod.id}/segment/*", general)
        return web.json_response(vod.to_json())

    async def clear_vod_faults(self, request: web.Request) -> web.Response:
        self._world.faults.clear(f"vod/{request.match_info['vod_id']}")
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
        for row in rules if isinstance(rules, list) else [rules]:
            self._world.faults.add(target, Rule.from_json({"status": row} if isinstance(row, int) else row))


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

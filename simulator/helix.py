"""api.twitch.tv/helix: users, videos, streams. Shapes from Twitch's API reference."""

from __future__ import annotations

import base64
import json
import re
from typing import Any

from aiohttp import web

from .catalogue import Channel, Vod
from .documents import rfc3339, utcnow
from .gql import preview_url
from .helixbucket import POINTS, SECONDS, Bucket
from .site import Route, Site, json_response

MOST_IDS = 100
_PHRASES = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 429: "Too Many Requests"}


class Helix(Site):
    hosts = ("api.twitch.tv",)

    def routes(self) -> list[Route]:
        return [
            ("GET", "/helix/users", self.users),
            ("GET", "/helix/videos", self.videos),
            ("GET", "/helix/streams", self.streams),
        ]

    def targets(self, request: web.Request) -> list[str]:
        return [f"helix/{request.path.rpartition('/')[2]}", "helix"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        phrase = _PHRASES.get(status, "Service Unavailable" if status == 503 else "Internal Server Error")
        response = json_response({"error": phrase, "status": status, "message": reason or phrase.lower()}, status)
        if status == 429:
            limit = Bucket(POINTS, SECONDS).headers() if "bucket" not in request else request["bucket"].headers()
            response.headers.update(limit | {"Ratelimit-Remaining": "0"})
        return response

    async def handle(self, request: web.Request) -> web.StreamResponse:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        client_id = request.headers.get("Client-Id")
        if kind != "Bearer" or not text:
            return self.error(request, 401, "OAuth token is missing")
        if not client_id:
            return self.error(request, 401, "Client ID is missing")
        grant = self.world.tokens.valid(text, "twitch")
        if grant is None:
            return self.error(request, 401, "Invalid OAuth token")
        if grant["client_id"] != client_id:
            return self.error(request, 401, "Client ID and OAuth token do not match")
        request["bucket"] = bucket = self.world.buckets.of(client_id, grant["login"])
        if not bucket.spend():
            request["note"] = "the bucket is empty"
            return self.error(request, 429, None)
        request["login"] = grant["login"]
        response = await super().handle(request)
        response.headers.update(bucket.headers())
        return response

    async def users(self, request: web.Request) -> web.Response:
        ids, logins = request.query.getall("id", []), request.query.getall("login", [])
        if not ids and not logins:
            if request["login"] is None:
                return self.error(request, 400, "Must provide an ID, Login or OAuth Token.")
            logins = [request["login"]]
        if why := _bad_identifiers(ids, logins):
            return self.error(request, 400, why)
        wanted = {login.lower() for login in logins}
        found = [c for c in self.world.catalogue.channels.values() if c.login in wanted or c.user_id in ids]
        return json_response({"data": [_user(c) for c in found]})

    async def streams(self, request: web.Request) -> web.Response:
        query, catalogue = request.query, self.world.catalogue
        ids, logins = query.getall("user_id", []), query.getall("user_login", [])
        if why := _bad_identifiers(ids, logins):
            return self.error(request, 400, why)
        wanted, everyone = {login.lower() for login in logins}, not ids and not logins
        rows = []
        for channel in catalogue.channels.values():
            broadcast = self.world.broadcasts.live(channel.login)
            if broadcast and (everyone or channel.login in wanted or channel.user_id in ids):
                rows.append(self.world.broadcasts.stream(channel.login, broadcast))
        return json_response({"data": rows, "pagination": {}})

    async def videos(self, request: web.Request) -> web.Response:
        query = request.query
        given = [name for name in ("id", "user_id", "game_id") if name in query]
        if len(given) != 1:
            return self.error(request, 400, "Must provide exactly one of id, user_id, or game_id.")
        if given == ["id"]:
            return self._videos_by_id(request, query.getall("id"))
        try:
            first, offset = int(query.get("first", "20")), _offset(query.get("after"))
        except ValueError:
            return self.error(request, 400, "The cursor or page size is not valid.")
        if not 1 <= first <= MOST_IDS:
            return self.error(request, 400, 'The parameter "first" was malformed: the value must be from 1 to 100')
        if query.get("type", "all") not in ("all", "archive", "highlight", "upload"):
            return self.error(request, 400, 'The parameter "type" was malformed')
        vods = self._listed(given[0], query[given[0]]) if query.get("type", "all") in ("all", "archive") else []
        page = vods[offset : offset + first]
        more = {"cursor": _cursor(offset + first)} if offset + first < len(vods) else {}
        return json_response({"data": [self._video(v) for v in page], "pagination": more})

    def _listed(self, field: str, value: str) -> list[Vod]:
        """The VODs of a user or a game, newest first."""
        catalogue = self.world.catalogue
        if field == "user_id":
            channel = catalogue.by_user_id(value)
            return [] if channel is None else catalogue.of_channel(channel.login)
        everyone = (v for login in catalogue.channels for v in catalogue.of_channel(login))
        return [v for v in everyone if value in {c.game.id for c in v.chapters}]

    def _videos_by_id(self, request: web.Request, ids: list[str]) -> web.Response:
        if len(ids) > MOST_IDS or not all(i.isdigit() for i in ids):
            return self.error(request, 400, 'The parameter "id" was malformed')
        found = [v for i in dict.fromkeys(ids) if (v := self.world.catalogue.present(i))]
        if not found:
            return self.error(request, 404, "video not found")
        return json_response({"data": [self._video(v) for v in found], "pagination": {}})

    def _video(self, vod: Vod) -> dict[str, Any]:
        channel, created_at = self.world.catalogue.channels[vod.channel], rfc3339(vod.created_at)
        return {
            "id": vod.id,
            "stream_id": vod.stream_id,
            "user_id": channel.user_id,
            "user_login": channel.login,
            "user_name": channel.display_name,
            "title": vod.title,
            "description": vod.description,
            "created_at": created_at,
            "published_at": created_at,
            "url": f"https://www.twitch.tv/videos/{vod.id}",
            "thumbnail_url": preview_url(vod),
            "viewable": "public",
            "view_count": vod.views,
            "language": vod.language,
            "type": "archive",
            "duration": duration_text(vod.length(utcnow())),
            "muted_segments": vod.muted_stretches() or None,
        }


def duration_text(seconds: int) -> str:
    """As Helix writes durations: 45s, 1m3s, 3h8m33s."""
    hours, rest = divmod(seconds, 3600)
    text = f"{rest // 60}m{rest % 60}s" if hours or rest >= 60 else f"{rest}s"
    return f"{hours}h{text}" if hours else text


def _user(channel: Channel) -> dict[str, Any]:
    return {
        "id": channel.user_id,
        "login": channel.login,
        "display_name": channel.display_name,
        "type": "",
        "broadcaster_type": "affiliate",
        "description": channel.description,
        "profile_image_url": (
            f"https://static-cdn.jtvnw.net/jtv_user_pictures/{channel.user_id}-profile_image-300x300.png"
        ),
        "offline_image_url": "",
        "view_count": 0,
        "created_at": channel.created_at,
    }


def _bad_identifiers(ids: list[str], logins: list[str]) -> str | None:
    if len(ids) + len(logins) > MOST_IDS:
        return "The number of IDs and logins may not be more than 100."
    if not all(i.isdigit() for i in ids) or not all(re.fullmatch(r"\w{1,25}", n, re.ASCII) for n in logins):
        return "Invalid username(s), email(s), or ID(s). Bad Identifiers."
    return None


def _cursor(offset: int) -> str:
    """Helix' cursors are base64 of JSON that says where the next page begins."""
    return base64.b64encode(json.dumps({"b": None, "a": {"Offset": offset}}, separators=(",", ":")).encode()).decode()


def _offset(cursor: str | None) -> int:
    """Raises ValueError for a cursor that is none of ours."""
    if cursor is None:
        return 0
    try:
        return int(json.loads(base64.b64decode(cursor + "=="))["a"]["Offset"])
    except (KeyError, TypeError) as error:
        raise ValueError("cursor") from error

"""gql.twitch.tv: the persisted queries that players and yt-dlp send for a VOD, and playback access tokens.

Shapes as read by yt-dlp's TwitchVodIE and streamlink's Twitch plugin.
"""

from __future__ import annotations

import json
import re
import secrets
from typing import Any

from aiohttp import web

from .catalogue import Vod
from .documents import rfc3339, utcnow
from .playback import make_token
from .site import Route, Site, json_response

# Client ids of Twitch's own web pages and of yt-dlp: gql takes no other.
CLIENT_IDS = {"kimne78kx3ncx6brgo4mv6wki5h1ko", "ue6666qo983tsx6so1t0vnawi233wa"}
OPERATIONS = {
    "VideoMetadata": {"45111672eea2e507f8ba44d101a61862f9c56b11dee09a15634cb75cb9b9084d"},
    "VideoPlayer_ChapterSelectButtonVideo": {"71835d5ef425e154bf282453a926d99b328cdc5e32f36d3a209d0f4778b41203"},
    "VideoPlayer_VODSeekbarPreviewVideo": {"07e99e4d56c5a7c67117a154777b0baf85a5ffefa393b213f4bc712ccaf85dd6"},
    "PlaybackAccessToken": {
        "0828119ded1c13477966434e15800ff57ddacf13ba1911c129dc2200705b0712",
        "ed230aa1e33e07eebb8928504583da78a5173989fadfb1ac94be06a04f3cdbe9",
    },
}
_TOKEN_QUERY = re.compile(r'videoPlaybackAccessToken\(\s*id:\s*"([^"]*)"')


class Gql(Site):
    hosts = ("gql.twitch.tv",)

    def routes(self) -> list[Route]:
        return [("POST", r"/gql/?", self.gql)]

    def targets(self, request: web.Request) -> list[str]:
        vod_ids: list[str] = request.get("vod_ids", [])
        return [*(t for v in vod_ids for t in (f"vod/{v}/gql", f"vod/{v}")), "gql"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        if status == 404:
            return web.Response(text="404 page not found\n", status=404)
        message = reason or {429: "Too Many Requests", 503: "service unavailable"}.get(status, "server error")
        return json_response({"error": message, "status": status, "message": message}, status)

    async def prepare(self, request: web.Request) -> None:
        """Reads the body: which VOD a request is about, and so its faults, stands there."""
        try:
            request["gql"] = json.loads(await request.read() or b"null")
        except ValueError:
            request["gql"] = None
        request["vod_ids"] = sorted(set(_vod_ids(request["gql"])))
        request["note"] = " ".join(["gql", *request["vod_ids"]])

    async def gql(self, request: web.Request) -> web.Response:
        client_id = request.headers.get("Client-ID")
        if client_id not in CLIENT_IDS:
            what = "is missing from the request" if client_id is None else "is invalid"
            message = f'The "Client-ID" header {what}.'
            return json_response({"error": "Bad Request", "status": 400, "message": message}, 400)
        body = request["gql"]
        if isinstance(body, dict):
            return json_response(self._one(body))
        if isinstance(body, list) and body and all(isinstance(o, dict) for o in body):
            return json_response([self._one(o) for o in body])
        return json_response({"error": "Bad Request", "status": 400, "message": "invalid request body"}, 400)

    def _one(self, operation: dict[str, Any]) -> dict[str, Any]:
        name = str(operation.get("operationName") or "")
        extensions = {"durationMilliseconds": 9, "requestID": secrets.token_hex(13).upper()}
        if name:
            extensions["operationName"] = name
        if "query" in operation and "extensions" not in operation:
            return {**self._query(str(operation["query"])), "extensions": extensions}
        persisted = (operation.get("extensions") or {}).get("persistedQuery") or {}
        if persisted.get("sha256Hash") not in OPERATIONS.get(name, ()):
            return {"errors": [{"message": "PersistedQueryNotFound"}], "extensions": extensions}
        variables = operation.get("variables") or {}
        if name == "PlaybackAccessToken":
            data: dict[str, Any] = {"videoPlaybackAccessToken": self._token(str(variables.get("vodID", "")))}
        else:
            vod = self.world.catalogue.present(str(variables.get("videoID", "")))
            data = {"video": None if vod is None else self._video(name, vod)}
            if name == "VideoMetadata":
                data = {"user": None, "currentUser": None, **data}
        return {"data": data, "extensions": extensions}

    def _query(self, query: str) -> dict[str, Any]:
        match = _TOKEN_QUERY.search(query)
        if match is None:
            return {"errors": [{"message": "service error", "path": []}], "data": None}
        return {"data": {"videoPlaybackAccessToken": self._token(match[1])}}

    def _token(self, vod_id: str) -> dict[str, str] | None:
        vod = self.world.catalogue.present(vod_id)
        return None if vod is None else make_token(self.world.tokens.playback_secret, vod)

    def _video(self, operation: str, vod: Vod) -> dict[str, Any]:
        if operation == "VideoPlayer_ChapterSelectButtonVideo":
            return {"id": vod.id, "moments": {"edges": self._moments(vod)}, "__typename": "Video"}
        if operation == "VideoPlayer_VODSeekbarPreviewVideo":
            url = f"https://d2nvs31859zcd8.cloudfront.net/{vod.folder}/storyboards/{vod.id}-info.json"
            return {"id": vod.id, "seekPreviewsURL": url, "__typename": "Video"}
        channel, game = self.world.catalogue.channels[vod.channel], vod.chapters[-1].game
        return {
            "id": vod.id,
            "title": vod.title,
            "description": vod.description or None,
            "previewThumbnailURL": preview_url(vod).replace("%{width}x%{height}", "640x360"),
            "createdAt": rfc3339(vod.created_at),
            "viewCount": vod.views,
            "publishedAt": rfc3339(vod.created_at),
            "lengthSeconds": vod.length(utcnow()),
            "broadcastType": "ARCHIVE",
            "owner": {
                "id": channel.user_id,
                "login": channel.login,
                "displayName": channel.display_name,
                "__typename": "User",
            },
            "game": {"id": game.id, "name": game.name, "displayName": game.name, "__typename": "Game"},
            "__typename": "Video",
        }

    def _moments(self, vod: Vod) -> list[dict[str, Any]]:
        """Game changes; a VOD of one game has none, and its game stands in VideoMetadata."""
        if len(vod.chapters) < 2:
            return []
        ends = [c.start for c in vod.chapters[1:]] + [vod.length(utcnow())]
        return [
            {
                "node": {
                    "id": f"{vod.id}-{number}",
                    "positionMilliseconds": chapter.start * 1000,
                    "durationMilliseconds": (end - chapter.start) * 1000,
                    "type": "GAME_CHANGE",
                    "description": chapter.game.name,
                    "subDescription": "",
                    "details": {
                        "game": {"id": chapter.game.id, "displayName": chapter.game.name, "__typename": "Game"}
                    },
                    "__typename": "VideoMoment",
                },
                "__typename": "VideoMomentEdge",
            }
            for number, (chapter, end) in enumerate(zip(vod.chapters, ends, strict=True))
        ]


def preview_url(vod: Vod) -> str:
    """Thumbnail template with `%{width}x%{height}`; that of a VOD still being recorded is the processing picture."""
    if vod.recording:
        return "https://vod-secure.twitch.tv/_404/404_processing_%{width}x%{height}.png"
    return f"https://static-cdn.jtvnw.net/cf_vods/d2nvs31859zcd8/{vod.folder}/thumb/thumb0-%{{width}}x%{{height}}.jpg"


def _vod_ids(body: Any) -> list[str]:
    operations = body if isinstance(body, list) else [body]
    ids = []
    for operation in operations:
        if isinstance(operation, dict):
            variables = operation.get("variables") or {}
            ids += [str(v) for v in (variables.get("videoID"), variables.get("vodID")) if v]
            ids += _TOKEN_QUERY.findall(str(operation.get("query", "")))
    return ids

"""YouTube's Data API for reading: videos.list, channels.list, playlistItems.list of the account's uploads.

Shapes from https://developers.google.com/youtube/v3/docs; lists need a grant that may read.
"""

from __future__ import annotations

import time
from typing import Any

from aiohttp import web

from .documents import parse_time
from .google import google_error
from .site import Route, Site, json_response

CHANNEL_ID = "UCsimulatedPixelPia00001"
UPLOADS_ID = "UU" + CHANNEL_ID[2:]
CHANNEL_TITLE = "Pixel Pia Archive"
PROCESSING_SECONDS = 3
MOST_RESULTS = 50
_AUTH = "https://www.googleapis.com/auth/"
_READING = {f"{_AUTH}{name}" for name in ("youtube", "youtube.readonly", "youtube.force-ssl", "youtubepartner")}


class Lists(Site):
    def routes(self) -> list[Route]:
        return [
            ("GET", "/youtube/v3/videos", self.videos),
            ("GET", "/youtube/v3/channels", self.channels),
            ("GET", "/youtube/v3/playlistItems", self.playlist_items),
        ]

    def grant(self, request: web.Request) -> dict[str, Any] | None:
        """What the request's access token stands for; None when it is missing or no longer good."""
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        return self.world.tokens.valid(text, "google") if kind == "Bearer" else None

    def _refusal(self, request: web.Request) -> web.Response | None:
        grant = self.grant(request)
        if grant is None:
            return google_error(401)
        if not _READING & set(grant["scopes"]):
            words = "Request had insufficient authentication scopes."
            return google_error(403, "insufficientPermissions", words)
        if "part" not in request.query:
            return google_error(400, "missingRequiredParameter", "No filter selected. Expected: part", "part")
        return None

    async def videos(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        ids = [i for value in request.query.getall("id", []) for i in value.split(",")]
        found = [v for i in ids if (v := self.world.videos.video(i))]
        return _answer("video", [_parts(video_resource(v), request) for v in found])

    async def channels(self, request: web.Request) -> web.Response:
        if refusal := self._refusal(request):
            return refusal
        if request.query.get("mine") != "true" and request.query.get("id") != CHANNEL_ID:
            return _answer("channel", [])
        channel = {
            "kind": "youtube#channel",
            "etag": "simulator",
            "id": CHANNEL_ID,
            "snippet": {"title": CHANNEL_TITLE, "description": "", "customUrl": "@pixelpia"},
            "contentDetails": {"relatedPlaylists": {"likes": "LL", "uploads": UPLOADS_ID}},
            "status": {"privacyStatus": "public", "isLinked": True, "longUploadsStatus": "allowed"},
        }
        return _answer("channel", [_parts(channel, request)])

    async def playlist_items(self, request: web.Request) -> web.Response:
        """The uploads, newest first, in pages of at most 50; a page token is the number of its first item."""
        if refusal := self._refusal(request):
            return refusal
        query = request.query
        if query.get("playlistId") != UPLOADS_ID:
            words = "The playlist identified with the request's playlistId parameter cannot be found."
            return google_error(404, "playlistNotFound", words, "playlistId")
        size, page = query.get("maxResults", "5"), query.get("pageToken", "0")
        if not size.isdigit() or int(size) > MOST_RESULTS or not page.isdigit():
            return google_error(400, "invalidValue", "Invalid value", "maxResults" if page.isdigit() else "pageToken")
        videos = self.world.videos.videos()[::-1]
        first, end = int(page), int(page) + int(size)
        rows = [_parts(_playlist_item(v, n), request) for n, v in enumerate(videos)][first:end]
        more = {"nextPageToken": str(end)} if end < len(videos) else {}
        info = {"totalResults": len(videos), "resultsPerPage": int(size)}
        return _answer("playlistItem", rows, {**more, "pageInfo": info})


def video_resource(video: dict[str, Any]) -> dict[str, Any]:
    """The `video` resource of a finished upload, with all its parts."""
    given = video["resource"]
    processed = time.time() - parse_time(video["uploaded_at"]).timestamp() > PROCESSING_SECONDS
    return {
        "kind": "youtube#video",
        "etag": video["sha256"][:27],
        "id": video["id"],
        "snippet": {
            "publishedAt": video["uploaded_at"],
            "channelId": CHANNEL_ID,
            "channelTitle": CHANNEL_TITLE,
            "categoryId": "22",
            "liveBroadcastContent": "none",
            **given["snippet"],
        },
        "status": {
            "privacyStatus": "public",
            "license": "youtube",
            **given.get("status", {}),
            "uploadStatus": "processed" if processed else "uploaded",
        },
    }


def _playlist_item(video: dict[str, Any], position: int) -> dict[str, Any]:
    given = video["resource"]["snippet"]
    return {
        "kind": "youtube#playlistItem",
        "etag": video["sha256"][:27],
        "id": f"{UPLOADS_ID}.{video['id']}",
        "snippet": {
            "publishedAt": video["uploaded_at"],
            "channelId": CHANNEL_ID,
            "channelTitle": CHANNEL_TITLE,
            "title": given["title"],
            "description": given.get("description", ""),
            "playlistId": UPLOADS_ID,
            "position": position,
            "resourceId": {"kind": "youtube#video", "videoId": video["id"]},
        },
        "contentDetails": {"videoId": video["id"], "videoPublishedAt": video["uploaded_at"]},
        "status": {"privacyStatus": (video["resource"].get("status") or {}).get("privacyStatus", "public")},
    }


def _answer(kind: str, items: list[dict[str, Any]], more: dict[str, Any] | None = None) -> web.Response:
    page = {"totalResults": len(items), "resultsPerPage": max(len(items), 5)}
    listing = {"kind": f"youtube#{kind}ListResponse", "etag": "simulator", "items": items, "pageInfo": page}
    return json_response(listing | (more or {}))


def _parts(resource: dict[str, Any], request: web.Request) -> dict[str, Any]:
    """Only the parts that were asked for."""
    asked = {part for value in request.query.getall("part", []) for part in value.split(",")}
    return {k: v for k, v in resource.items() if k in {"kind", "etag", "id"} | asked}

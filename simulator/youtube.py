"""YouTube's Data API: resumable upload of videos.

Protocol: https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol and what
googleapiclient.http.HttpRequest.next_chunk sends and reads.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any

from aiohttp import web

from .connections import reset
from .google import google_error
from .site import Route, json_response
from .videos import GRAIN, Session
from .youtubelists import Lists, video_resource

UPLOAD_PATH = "/upload/youtube/v3/videos"
LONGEST_TITLE, LONGEST_DESCRIPTION = 100, 5000
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+|\*)")


class YouTube(Lists):
    hosts = ("youtube.googleapis.com", "www.googleapis.com")

    def routes(self) -> list[Route]:
        return [
            ("POST", UPLOAD_PATH, self.open),
            ("PUT", UPLOAD_PATH, self.put),
            ("DELETE", UPLOAD_PATH, self.cancel),
            *super().routes(),
        ]

    def targets(self, request: web.Request) -> list[str]:
        if request.path != UPLOAD_PATH:
            return [f"youtube/api/{request.path.rpartition('/')[2]}", "youtube/api", "youtube"]
        if request.method != "PUT":
            return ["youtube/open", "youtube"]
        probe = request.headers.get("Content-Range", "").startswith("bytes */")
        return ["youtube/probe" if probe else "youtube/chunk", "youtube"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        return google_error(status, reason)

    async def open(self, request: web.Request) -> web.Response:
        if self.grant(request) is None:
            return google_error(401)
        if request.query.get("uploadType") != "resumable":
            return google_error(400, "uploadTypeNotSupported", "The simulator takes resumable uploads only.")
        try:
            resource = await request.json()
            total = (
                int(request.headers["X-Upload-Content-Length"])
                if "X-Upload-Content-Length" in request.headers
                else None
            )
        except ValueError:
            return google_error(400, "parseError", "Parse Error")
        if "part" not in request.query:
            return google_error(400, "missingRequiredParameter", "No value for the required parameter: part", "part")
        if refusal := _bad_metadata(resource):
            return refusal
        session = self.world.videos.open_session(resource, total)
        location = f"https://{request.host}{UPLOAD_PATH}?{request.query_string}&upload_id={session.id}"
        return web.Response(headers={"Location": location, "X-GUploader-UploadID": session.id})

    async def cancel(self, request: web.Request) -> web.Response:
        session = self.world.videos.session(request.query.get("upload_id", ""))
        if session is None or session.gone:
            return google_error(404)
        session.update(gone=410)
        return web.Response(status=499, reason="Client Closed Request")

    async def put(self, request: web.Request) -> web.StreamResponse:
        """A chunk or a probe. The session's address is itself the permission; a token that comes along must be good."""
        session = self.world.videos.session(request.query.get("upload_id", ""))
        refusal = None
        if session is None or session.gone:
            refusal = google_error(404 if session is None or session.gone is None else session.gone)
        elif "Authorization" in request.headers and self.grant(request) is None:
            refusal = google_error(401)
        if refusal is not None or session is None:
            await _swallow(request)
            return refusal or google_error(404)
        if self.world.videos.video(session.video_id) is not None:
            await _swallow(request)
            return json_response(video_resource(self.world.videos.finish(session)))
        match = _RANGE.fullmatch(request.headers.get("Content-Range", "bytes 0-0/0" if session.total == 0 else ""))
        if match is None and request.content_length is not None:  # The whole file at once.
            last = request.content_length - 1
            match = _RANGE.fullmatch(f"bytes 0-{last}/{last + 1}" if last >= 0 else "bytes */0")
        if match is None:
            return google_error(400, "badContentRange", "Failed to parse Content-Range header.")
        if match[3] != "*":
            session.update(total=int(match[3]))
        if match[1] is None:
            return await self._standing(session)
        return await self._chunk(request, session, int(match[1]), int(match[2]))

    async def _chunk(self, request: web.Request, session: Session, first: int, last: int) -> web.StreamResponse:
        received = session.received()
        is_last = session.total is not None and last + 1 == session.total
        if first > received or (not is_last and (last + 1 - first) % GRAIN):
            await _swallow(request)
            return google_error(400, "badRequest", "Invalid request. The chunk does not fit to what was received.")
        fault = self.world.faults.take(["youtube/chunk", "youtube"], "receive")
        limit = fault.receive
        skip, taken = received - first, 0
        with session.part.open("ab") as part:
            async for data in request.content.iter_chunked(GRAIN):
                room = data if limit is None else data[: max(0, limit - taken)]
                taken += len(data)
                part.write(room[skip:])
                skip = max(0, skip - len(room))
                if limit is not None and taken >= limit:
                    break
        if limit is not None:
            session.keep_whole_grains()
            request["note"] = f"fault: cut after {limit} bytes of the chunk"
            if fault.refuse is not None:
                await _swallow(request)
                return google_error(fault.refuse)
            reset(request)
            return web.Response(status=503)
        if session.received() != last + 1:
            session.keep_whole_grains()
            return google_error(400, "badRequest", "The body and its Content-Range do not agree.")
        return await self._standing(session)

    async def _standing(self, session: Session) -> web.Response:
        """Where the session stands: 308 and how much has arrived, or the finished video."""
        received = session.received()
        if session.total is not None and received >= session.total:
            video = await asyncio.to_thread(self.world.videos.finish, session)
            return json_response(video_resource(video))
        if received % GRAIN:
            received = session.keep_whole_grains()
        headers = {"X-GUploader-UploadID": session.id}
        if received:
            headers["Range"] = f"bytes=0-{received - 1}"
        return web.Response(status=308, reason="Resume Incomplete", headers=headers)


def _bad_metadata(resource: Any) -> web.Response | None:
    snippet = resource.get("snippet") if isinstance(resource, dict) else None
    title = snippet.get("title") if isinstance(snippet, dict) else None
    if not isinstance(title, str) or not title.strip() or len(title) > LONGEST_TITLE or set(title) & set("<>"):
        message = "The request metadata specifies an invalid or empty video title."
        return google_error(400, "invalidTitle", message, "body.snippet.title")
    description = str(snippet.get("description", "")) if isinstance(snippet, dict) else ""
    if len(description.encode()) > LONGEST_DESCRIPTION or set(description) & set("<>"):
        message = "The request metadata specifies an invalid video description."
        return google_error(400, "invalidDescription", message, "body.snippet.description")
    privacy = (resource.get("status") or {}).get("privacyStatus", "public")
    if privacy not in ("public", "private", "unlisted"):
        return google_error(
            400, "invalidVideoMetadata", "The request metadata is invalid.", "body.status.privacyStatus"
        )
    return None


async def _swallow(request: web.Request) -> None:
    """Reads the rest of a body that is not wanted, so that the client gets the answer instead of a broken pipe."""
    async for _ in request.content.iter_chunked(GRAIN):
        pass

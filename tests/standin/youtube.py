"""Google's tokens and YouTube's resumable uploads.

Source: https://developers.google.com/youtube/v3/guides/using_resumable_upload_protocol and the discovery document.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, quote

from tests.standin.front import Answer, Drop, Request
from tests.standin.world import World

CLIENT_ID = "407408718192-q3v8mkb0d1.apps.googleusercontent.com"
CLIENT_SECRET, REFRESH_TOKEN = "GOCSPX-9bQ2xkE7wLr0", "1//0gKq3-bJ8xZ4CgYIARAAGBASNwF-L9Ir"
SCOPE = "https://www.googleapis.com/auth/youtube.upload"
GRAIN = 256 * 1024
AUTHORIZED_USER = {
    "token": None,
    "refresh_token": REFRESH_TOKEN,
    "token_uri": "https://oauth2.googleapis.com/token",
    "client_id": CLIENT_ID,
    "client_secret": CLIENT_SECRET,
    "scopes": [SCOPE],
    "universe_domain": "googleapis.com",
    "account": "",
    "type": "authorized_user",
}


@dataclass
class Session:
    """One upload; `video` is there when it is finished."""

    id: str
    size: int
    resource: dict[str, Any]
    data: bytearray = field(default_factory=bytearray)
    video: dict[str, Any] | None = None


class YouTube:
    """One account that may upload and nothing else. The first bytes are cut off once, a later answer is 503 once."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: set[str] = set()
        self._sessions: dict[str, Session] = {}
        self._videos: list[dict[str, Any]] = []
        self._puts = 0

    def oauth(self, request: Request) -> Answer | None:
        if (request.method, request.path) != ("POST", "/token"):
            return None
        form = {name: values[0] for name, values in parse_qs(request.read().decode()).items()}
        if form.get("client_id") != CLIENT_ID or form.get("client_secret") != CLIENT_SECRET:
            return Answer(401, {"error": "invalid_client", "error_description": "The OAuth client was not found."})
        if form.get("grant_type") != "refresh_token" or form.get("refresh_token") != REFRESH_TOKEN:
            text = "Token has been expired or revoked."
            return Answer(400, {"error": "invalid_grant", "error_description": text})
        token = "ya29.a0" + secrets.token_urlsafe(120)
        self._tokens.add(token)
        return Answer(200, {"access_token": token, "expires_in": 3599, "scope": SCOPE, "token_type": "Bearer"})

    def api(self, request: Request) -> Answer | None:
        if request.bearer not in self._tokens:
            return _error(401, "authError", "Invalid Credentials", "UNAUTHENTICATED")
        uploads = ("/upload/youtube/v3/videos", "/resumable/upload/youtube/v3/videos")
        if request.path in uploads and request.one("uploadType") == "resumable":
            if request.method == "POST" and not request.one("upload_id"):
                return self._open(request)
            session = self._sessions.get(request.one("upload_id"))
            if request.method == "PUT" and request.host == "www.googleapis.com":
                return self._put(request, session) if session else Answer(404, "Not Found")
        if request.method == "GET" and request.path in {"/youtube/v3/channels", "/youtube/v3/playlistItems"}:
            text = "Request had insufficient authentication scopes."
            return _error(403, "insufficientPermissions", text, "PERMISSION_DENIED")
        return None

    def _open(self, request: Request) -> Answer | None:
        size = request.headers.get("X-Upload-Content-Length", "")
        kind = request.headers.get("X-Upload-Content-Type", "")
        if not size.isdigit() or not re.fullmatch(r"video/.+|application/octet-stream", kind):
            return None
        if request.host != "youtube.googleapis.com" or set(request.one("part").split(",")) != {"snippet", "status"}:
            return None
        resource = json.loads(request.read())
        title, text = resource["snippet"].get("title", ""), resource["snippet"].get("description", "")
        if not 0 < len(title) <= 100 or set("<>") & set(title):
            return _error(400, "invalidTitle", "The request metadata specifies an invalid or empty video title.")
        if len(text.encode()) > 5000 or set("<>") & set(text):
            return _error(400, "invalidDescription", "The request metadata specifies an invalid video description.")
        session = Session("AFiumC" + secrets.token_urlsafe(90), int(size), resource)
        self._sessions[session.id] = session
        query = f"uploadType=resumable&alt=json&part={quote('snippet,status', safe='')}&upload_id={session.id}"
        where = f"https://www.googleapis.com/upload/youtube/v3/videos?{query}&upload_protocol=resumable"
        return Answer(200, "", {"Location": where, "X-GUploader-UploadID": session.id, "Vary": "Origin"})

    def _put(self, request: Request, session: Session) -> Answer | None:
        said = request.headers.get("Content-Range", "")
        if said == f"bytes */{session.size}" and request.length == 0:
            return self._standing(session)
        part = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", said)
        if not part or session.video:
            return None
        first, last, size = (int(number) for number in part.groups())
        last_one = last == size - 1
        fits = first == len(session.data) and size == session.size and last - first + 1 == request.length
        if not fits or not first <= last < size or not (last_one or request.length % GRAIN == 0):
            return None
        with self._world.lock:
            self._puts += 1
            turn = self._puts
        if turn == 1:
            request.read(request.length // 2)
            raise Drop  # and nothing was kept
        body = request.read()
        if len(body) != request.length:
            raise Drop  # the client went away
        if turn == 3:
            session.data += body[: len(body) // 2 // GRAIN * GRAIN]
            return _error(503, "backendError", "The service is currently unavailable.", "UNAVAILABLE")
        session.data += body
        if last_one:
            self._finish(session)
        return self._standing(session)

    def _standing(self, session: Session) -> Answer:
        """200 with the video, or 308 with what is there: without a Range when that is nothing."""
        if session.video:
            return Answer(200, session.video)
        there = {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {}
        return Answer(308, "", {**there, "X-GUploader-UploadID": session.id})

    def _finish(self, session: Session) -> None:
        video_id, snippet = secrets.token_urlsafe(8), session.resource["snippet"]
        digest, now = hashlib.sha256(session.data).hexdigest(), datetime.now(UTC)
        (self._world.folder / f"{video_id}.mp4").write_bytes(session.data)
        session.video = {
            "kind": "youtube#video",
            "etag": secrets.token_urlsafe(20),
            "id": video_id,
            "snippet": {**snippet, "publishedAt": f"{now:%Y-%m-%dT%H:%M:%SZ}", "channelId": "UCz4aXn0kP2mZbq8W1uJ7tLw"},
            "status": {"uploadStatus": "uploaded", "license": "youtube", **session.resource["status"]},
        }
        with self._world.lock:
            facts = {**snippet, **session.resource["status"], "size": len(session.data)}
            self._videos.append({**facts, "id": video_id, "sha256": digest})
            self._world.write("videos.json", self._videos)


def _error(code: int, reason: str, message: str, status: str = "INVALID_ARGUMENT") -> Answer:
    errors = [{"message": message, "domain": "global", "reason": reason}]
    return Answer(code, {"error": {"code": code, "message": message, "errors": errors, "status": status}})

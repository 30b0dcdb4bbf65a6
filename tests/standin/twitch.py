"""Twitch: app tokens and Helix (https://dev.twitch.tv/docs/), and what players ask: GQL, usher, CDN."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import secrets
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from tests.standin import media
from tests.standin.front import Answer, Request
from tests.standin.world import BROADCAST_ID, DISPLAY_NAME, LOGIN, SUB_ONLY_ID, USER_ID, Vod, World

CLIENT_ID, CLIENT_SECRET = "k7v0zq3x9w1m5n8b2c4d6f0g1h3j5l", "p9o8i7u6y5t4r3e2w1q0a9s8d7f6g5"
TOKEN_SECONDS = 20
PAGE = 3  # fewer than `first` may come, which a client sees from the cursor alone
PROCESSING = "https://vod-secure.twitch.tv/_404/404_processing_%{width}x%{height}.png"


class Identity:
    """id.twitch.tv. A token ends after 20 s as it says; every third is withdrawn after two uses, as can happen."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[str, float] = {}
        self._uses: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer | None:
        if (request.method, request.path) == ("POST", "/oauth2/token"):
            return self._token({name: values[0] for name, values in parse_qs(request.read().decode()).items()})
        if (request.method, request.path) == ("GET", "/oauth2/validate"):
            if not self.valid(request.bearer):
                return Answer(401, {"status": 401, "message": "invalid access token"})
            left = int(self._tokens[request.bearer] - time.monotonic())
            return Answer(200, {"client_id": CLIENT_ID, "scopes": [], "expires_in": left})
        return None

    def _token(self, form: dict[str, str]) -> Answer | None:
        if form.get("grant_type") != "client_credentials":
            return None
        if form.get("client_id") != CLIENT_ID:
            return Answer(400, {"status": 400, "message": "invalid client"})
        if form.get("client_secret") != CLIENT_SECRET:
            return Answer(403, {"status": 403, "message": "invalid client secret"})
        with self._world.lock:
            token = secrets.token_hex(15)
            self._tokens[token] = time.monotonic() + TOKEN_SECONDS
            self._uses[token] = 2 if len(self._tokens) % 3 == 0 else 1_000_000
        return Answer(200, {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "bearer"})

    def valid(self, token: str) -> bool:
        return time.monotonic() < self._tokens.get(token, 0.0)

    def use(self, token: str) -> bool:
        with self._world.lock:
            if not self.valid(token) or self._uses[token] == 0:
                return False
            self._uses[token] -= 1
            return True


class Helix:
    """api.twitch.tv/helix: users, streams and videos."""

    def __init__(self, world: World, identity: Identity) -> None:
        self._world, self._identity = world, identity
        self._points = 800
        self._cursors: dict[str, int] = {}

    def __call__(self, request: Request) -> Answer | None:
        self._points -= 1
        headers = {
            "access-control-allow-origin": "*",
            "ratelimit-reset": str(int(time.time()) + 1),
            "ratelimit-remaining": str(self._points),
            "ratelimit-limit": "800",
            "timing-allow-origin": "https://www.twitch.tv",
        }
        answer = self._answer(request)
        return answer and Answer(answer.status, answer.body, headers)

    def _answer(self, request: Request) -> Answer | None:
        if not request.headers.get("Client-Id"):
            return _refused(401, "Unauthorized", "Client ID is missing")
        if not self._identity.use(request.bearer):
            return _refused(401, "Unauthorized", "Invalid OAuth token")
        if request.headers["Client-Id"] != CLIENT_ID:
            return _refused(401, "Unauthorized", "Client ID and OAuth token do not match")
        match request.method, request.path:
            case "GET", "/helix/users":
                return self._users(request)
            case "GET", "/helix/streams":
                return self._streams(request)
            case "GET", "/helix/videos":
                return self._videos(request)
        return None

    def _users(self, request: Request) -> Answer:
        logins, ids = request.query.get("login", []), request.query.get("id", [])
        if not 0 < len(logins) + len(ids) <= 100:
            return _refused(400, "Bad Request", "Must provide an ID, Login or OAuth Token.")
        if not all(re.fullmatch(r"\w{1,25}", login) for login in logins):
            return _refused(400, "Bad Request", "Invalid login names, emails or IDs in request")
        asked = USER_ID in ids or LOGIN in [login.lower() for login in logins]
        row = {
            "created_at": "2016-12-14T20:32:28Z",
            "offline_image_url": "",
            "broadcaster_type": "affiliate",
            "profile_image_url": "https://static-cdn.jtvnw.net/jtv_user_pictures/8a6381c7-profile_image-300x300.png",
            "id": USER_ID,
            "display_name": DISPLAY_NAME,
            "login": LOGIN,
            "description": "",
            "type": "",
            "view_count": 0,
        }
        return Answer(200, {"data": [row] if asked else []})

    def _streams(self, request: Request) -> Answer:
        logins = [login.lower() for login in request.query.get("user_login", [])]
        if not (LOGIN in logins or USER_ID in request.query.get("user_id", [])) or not self._world.live():
            return Answer(200, {"data": [], "pagination": {}})
        row = {
            "id": self._world.broadcast.stream_id,
            "user_id": USER_ID,
            "user_login": LOGIN,
            "user_name": DISPLAY_NAME,
            "game_id": "509658",
            "game_name": "Just Chatting",
            "type": "live",
            "title": self._world.broadcast.title,
            "viewer_count": 78,
            "started_at": _z(self._world.began),
            "language": "de",
            "thumbnail_url": f"https://static-cdn.jtvnw.net/previews-ttv/live_user_{LOGIN}-{{width}}x{{height}}.jpg",
            "tag_ids": [],
            "tags": ["Deutsch"],
            "is_mature": False,
        }
        return Answer(200, {"data": [row], "pagination": {"cursor": _cursor(1)}})

    def _videos(self, request: Request) -> Answer:
        if sum(name in request.query for name in ("id", "user_id", "game_id")) != 1:
            return _refused(
                400, "Bad Request", "Must provide only one of the following query params: user_id, id, game_id."
            )
        if "id" in request.query:
            found = [vod for vod in self._world.listed() if vod.id in request.query["id"]]
            if not found:
                return _refused(404, "Not Found", "videos not found")
            return Answer(200, {"data": [self._video(vod) for vod in found], "pagination": {}})
        kind, first, after = request.one("type") or "all", int(request.one("first") or 20), request.one("after")
        if not 1 <= first <= 100 or (after and after not in self._cursors):
            return _refused(400, "Bad Request", "Invalid cursor." if after else 'The parameter "first" was malformed')
        vods = [vod for vod in self._world.listed() if kind in {"all", vod.kind}]
        vods = vods if request.one("user_id") == USER_ID else []
        start = self._cursors.get(after, 0)
        end = start + min(first, PAGE)
        pagination = {}
        if end < len(vods):
            pagination["cursor"] = _cursor(end)
            self._cursors[pagination["cursor"]] = end
        return Answer(200, {"data": [self._video(vod) for vod in vods[start:end]], "pagination": pagination})

    def _video(self, vod: Vod) -> dict[str, Any]:
        minutes, seconds = divmod(self._world.length(vod), 60)
        running = vod.id == BROADCAST_ID and self._world.live()
        thumbnail = (
            f"https://static-cdn.jtvnw.net/cf_vods/d1m7jfoe9zdc1j/{vod.root}//thumb/thumb0-%{{width}}x%{{height}}.jpg"
        )
        return {
            "muted_segments": [{"duration": 7, "offset": 10}] if vod.muted is not None else None,
            "duration": f"{minutes}m{seconds}s" if minutes else f"{seconds}s",
            "type": vod.kind,
            "language": "de",
            "view_count": 1863,
            "viewable": "public",
            "thumbnail_url": PROCESSING if running else thumbnail,
            "url": f"https://www.twitch.tv/videos/{vod.id}",
            "published_at": _z(vod.created_at),
            "created_at": _z(vod.created_at),
            "description": "",
            "title": vod.title,
            "user_name": DISPLAY_NAME,
            "user_login": LOGIN,
            "user_id": USER_ID,
            "stream_id": vod.stream_id or None,
            "id": vod.id,
        }


class Player:
    """gql.twitch.tv, usher.ttvnw.net and the CDN hosts, as a viewer without an account meets them."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._signatures: dict[str, str] = {}

    def gql(self, request: Request) -> Answer | None:
        if (request.method, request.path) != ("POST", "/gql"):
            return None
        if not request.headers.get("Client-ID"):
            text = 'The "Client-ID" header is missing or invalid.'
            return _refused(400, "Bad Request", text)
        asked = json.loads(request.read())
        answers = [self._operation(one) for one in (asked if isinstance(asked, list) else [asked])]
        if None in answers:
            return None
        return Answer(200, answers if isinstance(asked, list) else answers[0])

    def _operation(self, asked: dict[str, Any]) -> dict[str, Any] | None:
        extensions = {"durationMilliseconds": 31, "requestID": secrets.token_hex(13).upper()}
        if token := re.search(r'videoPlaybackAccessToken\(\s*id: "(\d+)"', asked.get("query", "")):
            return {"data": {"videoPlaybackAccessToken": self._token(token[1])}, "extensions": extensions}
        name, persisted = asked.get("operationName", ""), asked.get("extensions", {}).get("persistedQuery", {})
        if not re.fullmatch("[0-9a-f]{64}", persisted.get("sha256Hash", "")):
            return None
        makers = {
            "VideoMetadata": self._metadata,
            "VideoPlayer_ChapterSelectButtonVideo": self._chapters,
            "VideoPlayer_VODSeekbarPreviewVideo": self._preview,
        }
        if name not in makers:
            return None
        vod = self._vod(str(asked["variables"]["videoID"]))
        video = makers[name](vod) if vod else None
        return {"data": {"video": video}, "extensions": {**extensions, "operationName": name}}

    def _metadata(self, vod: Vod) -> dict[str, Any]:
        running = vod.id == BROADCAST_ID and self._world.live()
        picture = f"https://static-cdn.jtvnw.net/cf_vods/d1m7jfoe9zdc1j/{vod.root}//thumb/thumb0-320x240.jpg"
        return {
            "id": vod.id,
            "title": vod.title,
            "description": None,
            "previewThumbnailURL": PROCESSING.replace("%{width}x%{height}", "320x240") if running else picture,
            "createdAt": _z(vod.created_at),
            "viewCount": 1863,
            "publishedAt": _z(vod.created_at),
            "lengthSeconds": self._world.length(vod),
            "broadcastType": vod.kind.upper(),
            "owner": {"id": USER_ID, "login": LOGIN, "displayName": DISPLAY_NAME, "__typename": "User"},
            "game": {"id": "509658", "slug": "just-chatting", "displayName": "Just Chatting", "__typename": "Game"},
            "__typename": "Video",
        }

    def _chapters(self, vod: Vod) -> dict[str, Any]:
        half = int(vod.seconds * 500)
        edges = [
            {
                "node": {
                    "id": str(n),
                    "durationMilliseconds": half,
                    "positionMilliseconds": n * half,
                    "description": name,
                }
            }
            for n, name in enumerate(("Just Chatting", "Tetris") if vod.noise else ())
        ]
        return {"id": vod.id, "moments": {"edges": edges}, "__typename": "Video"}

    def _preview(self, vod: Vod) -> dict[str, Any]:
        url = f"https://{vod.host}/{vod.root}/storyboards/{vod.id}-info.json"
        return {"id": vod.id, "seekPreviewsURL": url, "__typename": "Video"}

    def _token(self, vod_id: str) -> dict[str, str]:
        rights = {"authorization": {"forbidden": False, "reason": ""}, "chansub": {"restricted_bitrates": []}}
        facts = {"device_id": None, "expires": int(time.time()) + 1200, "https_required": True, "privileged": False}
        value = json.dumps({**rights, **facts, "user_id": None, "version": 3, "vod_id": int(vod_id)})
        signature = hashlib.sha1(value.encode() + CLIENT_SECRET.encode()).hexdigest()
        self._signatures[signature] = value
        return {"value": value, "signature": signature, "__typename": "PlaybackAccessToken"}

    def usher(self, request: Request) -> Answer | None:
        found = re.fullmatch(r"/vod/(\d+)\.m3u8", request.path)
        if request.method != "GET" or not found:
            return None
        token, vod = request.one("token"), self._vod(found[1])
        if self._signatures.get(request.one("sig")) != token or json.loads(token)["vod_id"] != int(found[1]):
            return _no_manifest(request, "nauth token is invalid", "nauth_token_invalid")
        if vod is None:
            return Answer(
                404,
                [{"url": request.path, "error": "transcode does not exist", "error_code": "transcode_does_not_exist"}],
            )
        if vod.id == SUB_ONLY_ID:
            return _no_manifest(request, "VOD manifest is restricted", "vod_manifest_restricted")
        return Answer(200, media.master_playlist(vod), {"content-type": "application/vnd.apple.mpegurl"})

    def cdn(self, request: Request) -> Answer | None:
        root, _, rest = request.path.lstrip("/").partition("/")
        vod = next((vod for vod in self._world.vods if vod.root == root and vod.host == request.host), None)
        if vod is None or request.method != "GET":
            return None
        if rest == f"storyboards/{vod.id}-info.json":
            sheet = {"count": 4, "width": 160, "rows": 2, "images": [f"{vod.id}-low-0.jpg"], "cols": 2, "height": 90}
            return Answer(200, [{**sheet, "quality": "low", "interval": 6}])
        if rest == "chunked/index-dvr.m3u8":
            over = not (vod.id == BROADCAST_ID and self._world.live())
            return Answer(200, media.media_playlist(vod, over=over), {"content-type": "application/x-mpegURL"})
        name = rest.removeprefix("chunked/")
        if name in [piece.name for piece in vod.pieces]:
            body = (self._world.folder / "media" / vod.id / name).read_bytes()
            rate = 0 if name in {"0.ts", "1.ts"} else self._world.knob("rate", 0)
            return Answer(200, body, {"content-type": "video/MP2T", "accept-ranges": "bytes"}, rate)
        if name.replace(".ts", "-muted.ts") in [piece.name for piece in vod.pieces]:
            return Answer(403, {})  # a client may try whether the segment with its sound is still there
        return None

    def _vod(self, vod_id: str) -> Vod | None:
        return next((vod for vod in self._world.listed() if vod.id == vod_id), None)


def _refused(status: int, error: str, message: str) -> Answer:
    return Answer(status, {"message": message, "status": status, "error": error})


def _no_manifest(request: Request, error: str, code: str) -> Answer:
    url = f"https://usher.ttvnw.net{request.target}"
    return Answer(403, [{"url": url, "error": error, "error_code": code, "type": "error"}])


def _cursor(place: int) -> str:
    """Opaque and long: nothing that a client could make itself."""
    inner = json.dumps({"b": None, "a": {"Cursor": secrets.token_hex(90) + str(place)}})
    return base64.b64encode(inner.encode()).decode()


def _z(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

"""The CDN hosts: media playlists, segments, storyboards, thumbnails, profile pictures."""

from __future__ import annotations

import re

from aiohttp import web

from . import playlists
from .catalogue import Vod
from .documents import utcnow
from .playback import link_error, link_query
from .playlists import init_of, segment_of
from .recipes import STORYBOARD_COLUMNS, STORYBOARD_COUNT, STORYBOARD_SIZES
from .site import Route, Site, json_response

_FILE = r"/([^/]+)/(chunked|160p30|audio_only)/([\w-][\w.-]*\.(?:ts|mp4))"
_NOT_THERE = (
    '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message>'
    "<RequestId>SIMULATOR</RequestId></Error>"
)
# One grey pixel: enough for "this picture is not ready".
_PROCESSING_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c636800000082008177"
    "cd72b60000000049454e44ae426082"
)


class Cdn(Site):
    hosts = ("*.cloudfront.net", "static-cdn.jtvnw.net", "vod-secure.twitch.tv")

    def routes(self) -> list[Route]:
        picture = r"(?:(\d+)x(\d+))\.(?:jpg|png)"
        return [
            ("GET", r"/([^/]+)/(chunked|160p30|audio_only)/index-(dvr|muted-\w+)\.m3u8", self.playlist),
            ("GET", _FILE, self.file),
            ("GET", r"/([^/]+)/storyboards/(\d+)-info\.json", self.storyboard),
            ("GET", r"/([^/]+)/storyboards/(\d+)-(high|low)-0\.jpg", self.storyboard_image),
            ("GET", rf"/cf_vods/[^/]+/([^/]+)/thumb/thumb0-{picture}", self.thumbnail),
            ("GET", r"(?:/_404)?/404_processing_[^/]+\.png", self.processing),
            ("GET", rf"/previews-ttv/live_user_(\w+)-{picture}", self.live_preview),
            ("GET", rf"/jtv_user_pictures/([0-9a-z-]+)-profile_image-{picture}", self.profile_image),
        ]

    def targets(self, request: web.Request) -> list[str]:
        vod = self.world.catalogue.by_folder(request.path.split("/")[1])
        if vod is None:
            return ["cdn"]
        names = [f"vod/{vod.id}", "cdn"]
        if match := re.fullmatch(_FILE, request.path):
            if (found := segment_of(vod, match[3])) is not None:
                names = [f"vod/{vod.id}/segment/{found[0]}", f"vod/{vod.id}/segment/*", *names]
            elif (init := init_of(vod, match[3])) is not None:
                names = [f"vod/{vod.id}/init/{init}", f"vod/{vod.id}/init/*", *names]
        elif request.path.endswith(".m3u8"):
            names = [f"vod/{vod.id}/playlist", *names]
        return names

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        code = reason or {403: "AccessDenied", 404: "NoSuchKey", 429: "TooManyRequests", 503: "SlowDown"}.get(
            status, "InternalError"
        )
        body = _NOT_THERE.format(code=code, message=f"{code} ({status})")
        return web.Response(body=body.encode(), status=status, content_type="application/xml")

    def _vod(self, folder: str) -> Vod | None:
        vod = self.world.catalogue.by_folder(folder)
        return None if vod is None or vod.deleted else vod

    def _expired(self, request: web.Request, vod: Vod) -> web.Response | None:
        """The refusal of a link that is not, or no longer, good for this VOD."""
        why = link_error(self.world.tokens.playback_secret, vod, request.query)
        if why is not None:
            request["note"] = f"link refused: {why}"
        return None if why is None else self.error(request, 403, why)

    async def playlist(self, request: web.Request, folder: str, quality: str, kind: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or (kind != "dvr") != bool(vod.muted):
            return self.error(request, 404, None)
        if refusal := self._expired(request, vod):
            return refusal
        durations = await self.world.media.durations(vod.media_name, quality)
        query = f"?{request.query_string}" if link_query(self.world.tokens.playback_secret, vod) else ""
        body = playlists.text(vod, durations, utcnow(), query).encode()
        return web.Response(body=body, content_type="application/vnd.apple.mpegurl")

    async def file(self, request: web.Request, folder: str, quality: str, name: str) -> web.Response:
        """A segment or an init section."""
        vod = self._vod(folder)
        if vod is None:
            return self.error(request, 404, None)
        if self.world.faults.take(self.targets(request), "expire").expire:
            self.world.catalogue.expire_links(vod)
        if refusal := self._expired(request, vod):
            return refusal
        if (init := init_of(vod, name)) is not None:
            path = await self.world.media.ready(vod.media_name) / quality / f"init-{init}.mp4"
            return _bytes(request, path.read_bytes(), "video/mp4")
        if (found := segment_of(vod, name)) is None or found[0] >= playlists.count(vod, utcnow()):
            return self.error(request, 404, None)
        return await self._segment(request, vod, quality, *found)

    async def _segment(self, request: web.Request, vod: Vod, quality: str, number: int, muted: bool) -> web.Response:
        """The sound of muted segments is taken out: under their own name they are silent, under the old one refused."""
        if muted != (number in vod.muted) and (muted or not vod.unmuted_answers):
            return self.error(request, 403, None)
        media = self.world.media
        if vod.container == "ts":
            content = await media.repeated(vod.media_name, quality, number, silent=muted)
            return _bytes(request, content, "video/MP2T")
        path = await media.ready(vod.media_name, silent=muted) / quality / f"{number}.mp4"
        return _bytes(request, path.read_bytes(), "video/mp4")

    async def storyboard(self, request: web.Request, folder: str, vod_id: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or vod.id != vod_id:
            return self.error(request, 404, None)
        return json_response(
            [
                {
                    "count": STORYBOARD_COUNT,
                    "width": width,
                    "rows": STORYBOARD_COUNT // STORYBOARD_COLUMNS,
                    "images": [f"{vod_id}-{quality}-0.jpg"],
                    "interval": max(1, round(vod.seconds / STORYBOARD_COUNT)),
                    "quality": quality,
                    "cols": STORYBOARD_COLUMNS,
                    "height": height,
                }
                for quality, (width, height) in sorted(STORYBOARD_SIZES.items(), reverse=True)
            ]
        )

    async def storyboard_image(self, request: web.Request, folder: str, vod_id: str, quality: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or vod.id != vod_id:
            return self.error(request, 404, None)
        path = await self.world.media.ready(vod.media_name) / f"storyboard-{quality}.jpg"
        return _bytes(request, path.read_bytes(), "image/jpeg")

    async def thumbnail(self, request: web.Request, folder: str, width: str, height: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or vod.recording:
            return self.error(request, 404, None)
        picture = await self.world.media.thumbnail(vod.media_name, int(width), int(height))
        return web.Response(body=picture, content_type="image/jpeg")

    async def live_preview(self, request: web.Request, login: str, width: str, height: str) -> web.Response:
        broadcast = self.world.broadcasts.live(login)
        if broadcast is None:
            return self.error(request, 404, None)
        media = self.world.catalogue.vods[broadcast.vod_id].media_name
        picture = await self.world.media.thumbnail(media, int(width), int(height))
        return web.Response(body=picture, content_type="image/jpeg")

    async def profile_image(self, request: web.Request, user_id: str, width: str, height: str) -> web.Response:
        channel = self.world.catalogue.by_user_id(user_id)
        if channel is None:
            return self.error(request, 404, None)
        picture = await self.world.media.thumbnail("base0", min(int(width), 600), min(int(height), 600))
        return web.Response(body=picture, content_type="image/jpeg")

    async def processing(self, request: web.Request) -> web.Response:
        return web.Response(body=_PROCESSING_PNG, content_type="image/png")


def _bytes(request: web.Request, content: bytes, content_type: str) -> web.Response:
    """The content or the one byte range of it that was asked for."""
    headers = {"Content-Type": content_type, "Accept-Ranges": "bytes", "Cache-Control": "max-age=31536000"}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if match is None:
        return web.Response(body=content, headers=headers)
    first, last = int(match[1]), min(int(match[2] or len(content) - 1), len(content) - 1)
    if first > last:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return web.Response(status=206, body=content[first : last + 1], headers=headers)

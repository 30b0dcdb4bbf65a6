"""The CDN hosts: media playlists, segments, storyboards, thumbnails, profile pictures."""

from __future__ import annotations

import re
from math import ceil
from pathlib import Path

from aiohttp import web

from .catalogue import SEGMENT_SECONDS, Vod
from .documents import rfc3339, utcnow
from .media import STORYBOARD_COLUMNS, STORYBOARD_COUNT, STORYBOARD_SIZES
from .site import Route, Site, json_response

_SEGMENT = r"/([^/]+)/(chunked|160p30|audio_only)/(\d+)(-muted)?\.ts"
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
            ("GET", _SEGMENT, self.segment),
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
        if match := re.fullmatch(_SEGMENT, request.path):
            names = [f"vod/{vod.id}/segment/{match[3]}", f"vod/{vod.id}/segment/*", *names]
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

    async def _durations(self, vod: Vod, quality: str) -> list[float]:
        """Seconds of the segments that the VOD has now."""
        count = ceil(vod.length(utcnow()) / SEGMENT_SECONDS)
        return (await self.world.media.durations(vod.media, quality))[:count]

    async def playlist(self, request: web.Request, folder: str, quality: str, kind: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or (kind != "dvr") != bool(vod.muted):
            return self.error(request, 404, None)
        durations = await self._durations(vod, quality)
        lines = [
            "#EXTM3U",
            "#EXT-X-VERSION:3",
            f"#EXT-X-TARGETDURATION:{ceil(max(durations))}",
            f"#ID3-EQUIV-TDTG:{rfc3339(utcnow())[:-1]}",
            "#EXT-X-PLAYLIST-TYPE:EVENT",
            "#EXT-X-MEDIA-SEQUENCE:0",
            "#EXT-X-TWITCH-ELAPSED-SECS:0.000",
            f"#EXT-X-TWITCH-TOTAL-SECS:{sum(durations):.3f}",
        ]
        for index, seconds in enumerate(durations):
            lines += [f"#EXTINF:{seconds:.3f},", f"{index}{'-muted' if index in vod.muted else ''}.ts"]
        if not vod.recording:
            lines.append("#EXT-X-ENDLIST")
        body = ("\n".join(lines) + "\n").encode()
        return web.Response(body=body, content_type="application/vnd.apple.mpegurl")

    async def segment(
        self, request: web.Request, folder: str, quality: str, index: str, muted: str | None
    ) -> web.Response:
        vod, number = self._vod(folder), int(index)
        if vod is None or number >= len(await self._durations(vod, quality)):
            return self.error(request, 404, None)
        if (number in vod.muted) != bool(muted):
            return self.error(request, 403, None)
        path = await self.world.media.ready(vod.media) / quality / f"{number}.ts"
        return _file(request, path, "video/MP2T")

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
        return _file(request, await self.world.media.ready(vod.media) / f"storyboard-{quality}.jpg", "image/jpeg")

    async def thumbnail(self, request: web.Request, folder: str, width: str, height: str) -> web.Response:
        vod = self._vod(folder)
        if vod is None or vod.recording:
            return self.error(request, 404, None)
        picture = await self.world.media.thumbnail(vod.media, int(width), int(height))
        return web.Response(body=picture, content_type="image/jpeg")

    async def live_preview(self, request: web.Request, login: str, width: str, height: str) -> web.Response:
        broadcast = self.world.broadcasts.live(login)
        if broadcast is None:
            return self.error(request, 404, None)
        media = self.world.catalogue.vods[broadcast.vod_id].media
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


def _file(request: web.Request, path: Path, content_type: str) -> web.Response:
    """The file or the one byte range of it that was asked for."""
    content = path.read_bytes()
    headers = {"Content-Type": content_type, "Accept-Ranges": "bytes", "Cache-Control": "max-age=31536000"}
    match = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    if match is None:
        return web.Response(body=content, headers=headers)
    first, last = int(match[1]), min(int(match[2] or len(content) - 1), len(content) - 1)
    if first > last:
        return web.Response(status=416, headers=headers | {"Content-Range": f"bytes */{len(content)}"})
    headers["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
    return web.Response(status=206, body=content[first : last + 1], headers=headers)

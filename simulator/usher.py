"""usher.ttvnw.net: master playlists of VODs, for whoever has a token."""

from __future__ import annotations

from aiohttp import web

from .catalogue import Vod
from .playback import link_query, token_error
from .recipes import QUALITIES
from .site import Route, Site, json_response

CDN_HOST = "d2nvs31859zcd8.cloudfront.net"
_TWITCH_INFO = (
    '#EXT-X-TWITCH-INFO:ORIGIN="s3",B="false",REGION="EU",USER-IP="127.0.0.1",SERVING-ID="5f1c0d",'
    'CLUSTER="cloudfront_vod",USER-COUNTRY="DE",MANIFEST-CLUSTER="cloudfront_vod"'
)


class Usher(Site):
    hosts = ("usher.ttvnw.net",)

    def routes(self) -> list[Route]:
        return [("GET", r"/vod/(?:v2/)?(\d{1,20})(?:\.m3u8)?", self.master)]

    def targets(self, request: web.Request) -> list[str]:
        vod_id = request.path.rpartition("/")[2].partition(".")[0]
        return [f"vod/{vod_id}/usher", f"vod/{vod_id}", "usher"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        url = f"https://usher.ttvnw.net{request.path}"
        code = reason or {403: "content_restricted", 404: "transcode_does_not_exist"}.get(status, "server_error")
        words = {
            "vod_manifest_restricted": "Manifest is restricted",
            "unauthorized_entitlements": "This video is only available to subscribers",
            "transcode_does_not_exist": "transcode does not exist",
        }
        row = {"url": url, "error": words.get(code, code.replace("_", " ")), "error_code": code, "type": "error"}
        return json_response([row], status)

    async def master(self, request: web.Request, vod_id: str) -> web.Response:
        vod = self.world.catalogue.present(vod_id)
        query = request.query
        value, signature = query.get("token") or query.get("nauth", ""), query.get("sig") or query.get("nauthsig", "")
        secret, generation = self.world.tokens.playback_secret, vod.link_generation if vod else 0
        if why := token_error(secret, value, signature, vod_id, generation):
            request["note"] = why
            return self.error(request, 403, "nauth_token_invalid")
        if vod is None:
            return self.error(request, 404, None)
        if vod.sub_only:
            return self.error(request, 403, "vod_manifest_restricted")
        return web.Response(
            body=_master(vod, link_query(secret, vod)).encode(), content_type="application/vnd.apple.mpegurl"
        )


def _master(vod: Vod, query: str) -> str:
    lines = [
        "#EXTM3U",
        _TWITCH_INFO,
    ]
    playlist = "index-muted-LOOPBACK01.m3u8" if vod.muted else "index-dvr.m3u8"
    for quality in QUALITIES:
        selected = "NO" if quality.size is None else "YES"
        lines.append(
            f'#EXT-X-MEDIA:TYPE=VIDEO,GROUP-ID="{quality.folder}",NAME="{quality.name}",'
            f"AUTOSELECT={selected},DEFAULT={selected}"
        )
        stream = f'BANDWIDTH={quality.bandwidth},CODECS="{quality.codecs}"'
        if quality.size is not None:
            stream += f",RESOLUTION={quality.size[0]}x{quality.size[1]}"
        stream += f',VIDEO="{quality.folder}"'
        if quality.size is not None:
            stream += ",FRAME-RATE=30.000"
        lines += [f"#EXT-X-STREAM-INF:{stream}", f"https://{CDN_HOST}/{vod.folder}/{quality.folder}/{playlist}{query}"]
    return "\n".join(lines) + "\n"

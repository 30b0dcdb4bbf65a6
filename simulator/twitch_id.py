"""id.twitch.tv: tokens. Shapes from Twitch's authentication documentation."""

from __future__ import annotations

import time

from aiohttp import web

from . import TWITCH_CLIENT_ID, TWITCH_CLIENT_SECRET
from .site import Route, Site, json_response
from .tokens import TWITCH_APP_SECONDS, TWITCH_USER_SECONDS


class TwitchId(Site):
    hosts = ("id.twitch.tv",)

    def routes(self) -> list[Route]:
        return [
            ("POST", "/oauth2/token", self.token),
            ("GET", "/oauth2/validate", self.validate),
            ("POST", "/oauth2/revoke", self.revoke),
        ]

    def targets(self, request: web.Request) -> list[str]:
        return [f"twitch-id/{request.path.rpartition('/')[2]}", "twitch-id"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        words = {404: "not found", 429: "too many requests", 503: "service unavailable"}
        return json_response({"status": status, "message": reason or words.get(status, "error")}, status)

    async def token(self, request: web.Request) -> web.Response:
        fields = {**request.query, **{k: str(v) for k, v in (await request.post()).items()}}
        for name in ("client_id", "client_secret", "grant_type"):
            if not fields.get(name):
                return self.error(request, 400, f"missing {name.replace('_', ' ')}")
        if fields["client_id"] != TWITCH_CLIENT_ID:
            return self.error(request, 400, "invalid client")
        if fields["client_secret"] != TWITCH_CLIENT_SECRET:
            return self.error(request, 403, "invalid client secret")
        if fields["grant_type"] == "client_credentials":
            seconds = self.world.tokens.lifetime("twitch", TWITCH_APP_SECONDS)
            access = self.world.tokens.new_access("twitch", TWITCH_CLIENT_ID, seconds, None, [])
            return json_response({"access_token": access, "expires_in": seconds, "token_type": "bearer"})
        if fields["grant_type"] == "refresh_token":
            return self._refresh(request, fields.get("refresh_token", ""))
        return self.error(request, 400, "Invalid grant type")

    def _refresh(self, request: web.Request, refresh: str) -> web.Response:
        """Refresh tokens rotate: the one that was used is of no use afterwards."""
        tokens = self.world.tokens
        grant = tokens.refresh.get(refresh)
        if grant is None or grant["provider"] != "twitch":
            return self.error(request, 400, "missing refresh token" if not refresh else "Invalid refresh token")
        login, scopes = grant["login"], grant["scopes"]
        seconds = tokens.lifetime("twitch", TWITCH_USER_SECONDS)
        answer = {
            "access_token": tokens.new_access("twitch", TWITCH_CLIENT_ID, seconds, login, scopes),
            "expires_in": seconds,
            "refresh_token": tokens.new_refresh("twitch", TWITCH_CLIENT_ID, login, scopes),
            "scope": scopes,
            "token_type": "bearer",
        }
        tokens.drop_refresh(refresh)
        return json_response(answer)

    async def validate(self, request: web.Request) -> web.Response:
        kind, _, text = request.headers.get("Authorization", "").partition(" ")
        if kind.lower() not in ("oauth", "bearer") or not text:
            return self.error(request, 401, "missing authorization token")
        grant = self.world.tokens.valid(text, "twitch")
        if grant is None:
            return self.error(request, 401, "invalid access token")
        answer = {"client_id": grant["client_id"], "scopes": grant["scopes"] or None}
        if grant["login"]:
            answer |= {"login": grant["login"], "user_id": self.world.catalogue.channels[grant["login"]].user_id}
        return json_response(answer | {"expires_in": int(grant["expires_at"] - time.time())})

    async def revoke(self, request: web.Request) -> web.Response:
        fields = {**request.query, **{k: str(v) for k, v in (await request.post()).items()}}
        if fields.get("client_id") != TWITCH_CLIENT_ID:
            return self.error(request, 404, "client does not exist")
        if self.world.tokens.access.pop(fields.get("token", ""), None) is None:
            return self.error(request, 400, "Invalid token")
        self.world.tokens.save()
        return web.Response()

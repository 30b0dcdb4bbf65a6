"""Google's token endpoint, and the shape of errors that all Google APIs share."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from . import GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET
from .site import Route, Site, json_response
from .tokens import GOOGLE_SECONDS

_STATUS_WORDS = {401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 429: "RESOURCE_EXHAUSTED"}
_REASONS = {
    400: ("invalidValue", "Invalid value"),
    401: ("authError", "Invalid Credentials"),
    403: ("forbidden", "Forbidden"),
    404: ("notFound", "Not Found"),
    429: ("rateLimitExceeded", "Rate limit exceeded"),
    503: ("backendError", "Service unavailable"),
}
_QUOTA = (
    "The request cannot be completed because you have exceeded your "
    '<a href="/youtube/v3/getting-started#quota">quota</a>.'
)
_MESSAGES = {
    "quotaExceeded": _QUOTA,
    "dailyLimitExceeded": _QUOTA,
    "uploadLimitExceeded": "The user has exceeded the number of videos they may upload.",
    "insufficientPermissions": "Request had insufficient authentication scopes.",
}
_DOMAINS = {
    "quotaExceeded": "youtube.quota",
    "dailyLimitExceeded": "youtube.quota",
    "uploadLimitExceeded": "youtube.video",
    "rateLimitExceeded": "usageLimits",
    "userRateLimitExceeded": "usageLimits",
}


def google_error(
    status: int, reason: str | None = None, message: str | None = None, location: str = ""
) -> web.Response:
    """Google's error JSON: error.code, error.message, error.errors[].reason."""
    usual_reason, usual_message = _REASONS.get(status, ("internalError", "Internal error encountered"))
    reason = reason or usual_reason
    message = message or _MESSAGES.get(reason, usual_message)
    domain = _DOMAINS.get(reason, "global")
    detail = {"message": message, "domain": domain, "reason": reason}
    if location:
        detail |= {"location": location, "locationType": "other"}
    error: dict[str, Any] = {"code": status, "message": message, "errors": [detail]}
    if status in _STATUS_WORDS:
        error["status"] = _STATUS_WORDS[status]
    response = json_response({"error": error}, status)
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="https://accounts.google.com/", error="invalid_token"'
    return response


class GoogleToken(Site):
    hosts = ("oauth2.googleapis.com",)

    def routes(self) -> list[Route]:
        return [("POST", "/token", self.token), ("POST", "/revoke", self.revoke)]

    def targets(self, request: web.Request) -> list[str]:
        return ["youtube/token"]

    def error(self, request: web.Request, status: int, reason: str | None) -> web.Response:
        descriptions = {
            "invalid_grant": "Token has been expired or revoked.",
            "invalid_client": "The OAuth client was not found.",
        }
        code = reason or {404: "not_found", 503: "backend_error"}.get(status, "invalid_request")
        description = descriptions.get(code, "Bad Request")
        return json_response({"error": code, "error_description": description}, status)

    async def token(self, request: web.Request) -> web.Response:
        fields = {k: str(v) for k, v in (await request.post()).items()}
        if (fields.get("client_id"), fields.get("client_secret")) != (GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET):
            return self.error(request, 401, "invalid_client")
        if fields.get("grant_type") != "refresh_token":
            return self.error(request, 400, "unsupported_grant_type")
        grant = self.world.tokens.refresh.get(fields.get("refresh_token", ""))
        if grant is None or grant["provider"] != "google":
            return self.error(request, 400, "invalid_grant")
        scopes, seconds = grant["scopes"], self.world.tokens.lifetime("google", GOOGLE_SECONDS)
        access = self.world.tokens.new_access("google", GOOGLE_CLIENT_ID, seconds, grant["login"], scopes)
        answer = {"access_token": access, "expires_in": seconds, "scope": " ".join(scopes)}
        return json_response(answer | {"token_type": "Bearer"})

    async def revoke(self, request: web.Request) -> web.Response:
        fields = {**request.query, **{k: str(v) for k, v in (await request.post()).items()}}
        text, tokens = fields.get("token", ""), self.world.tokens
        if tokens.refresh.pop(text, None) is None and tokens.access.pop(text, None) is None:
            return json_response({"error": "invalid_token", "error_description": "Token expired or revoked"}, 400)
        tokens.save()
        return json_response({})

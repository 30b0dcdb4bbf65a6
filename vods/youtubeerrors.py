"""What YouTube's refusals mean. The reasons are those of https://developers.google.com/youtube/v3/docs/errors."""

from __future__ import annotations

import json
from dataclasses import dataclass

from vodtender.http import ErrorKind, ServiceError

SERVICE = "YouTube"


@dataclass(frozen=True)
class Refusal:
    """`reason` is YouTube's own word, `text` its own sentence; both may be empty."""

    status: int
    reason: str
    text: str


class SessionGone(ServiceError):
    """The upload session is not known any more (404, 410) or cannot be read: a new one begins at the first byte."""

    def __init__(self, status: int | None = None) -> None:
        text = "YouTube no longer knows this upload's session. The upload begins anew."
        if status is None:
            text = "The kept upload session cannot be read with ENCRYPTION_KEY. The upload begins anew."
        super().__init__(SERVICE, ErrorKind.TRANSIENT, text, status=status)


def parse(status: int, content: bytes) -> Refusal:
    """{"error": {"message": …, "errors": [{"reason": …}]}}, or anything else."""
    try:
        error = json.loads(content)["error"]
        reasons = error.get("errors") or [{}]
        return Refusal(status, str(reasons[0].get("reason") or ""), str(error.get("message") or "")[:300])
    except (ValueError, TypeError, KeyError, AttributeError, IndexError):
        return Refusal(status, "", "")


def may_pass(refusal: Refusal) -> bool:
    """True when the same request may be accepted in a moment."""
    return refusal.status >= 500 or refusal.status in {408, 429} or refusal.reason in _RATE


def meaning(refusal: Refusal) -> ServiceError:
    """The error for the VOD, with a sentence that says what to do."""
    kind, text = _meaning(refusal)
    return ServiceError(SERVICE, kind, text, status=refusal.status)


_QUOTA = frozenset({"quotaExceeded", "dailyLimitExceeded", "dailyLimitExceededUnreg"})
_RATE = frozenset({"rateLimitExceeded", "userRateLimitExceeded"})
_DAY_FULL = frozenset({"uploadLimitExceeded", "uploadRateLimitExceeded"})
_ACCOUNT = {
    "youtubeSignupRequired": "The connected Google account has no YouTube channel: create one, then requeue the VOD.",
    "accessNotConfigured": (
        "The YouTube Data API v3 is not enabled for the Google Cloud project of YT_CLIENT_ID: enable it there, then "
        "requeue the VOD."
    ),
    "authenticatedUserAccountSuspended": "The connected YouTube account is suspended.",
    "authenticatedUserAccountClosed": "The connected YouTube account is closed.",
}
_SCOPES = frozenset({"insufficientPermissions", "forbidden", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"})


def _meaning(refusal: Refusal) -> tuple[ErrorKind, str]:
    reason, status = refusal.reason, refusal.status
    said = f" YouTube says: {refusal.text or reason or status}."
    if reason in _QUOTA:
        text = "YouTube's daily quota of this API project is used up. The upload goes on when the quota day turns."
        return ErrorKind.QUOTA, text
    if reason in _DAY_FULL:
        text = (
            "The YouTube channel has reached its limit of uploads for now. The upload is tried again on the next day."
        )
        return ErrorKind.QUOTA, text
    if status == 429 or reason in _RATE:
        return ErrorKind.RATE_LIMITED, "YouTube says that we ask too often. It is tried again later by itself."
    if status >= 500 or status == 408:
        return ErrorKind.TRANSIENT, f"YouTube has trouble of its own ({status}). It is tried again by itself."
    if reason in _ACCOUNT:
        return ErrorKind.INVALID, _ACCOUNT[reason]
    if status == 401:
        text = "YouTube does not accept the account's token. Please reconnect it (manage.py importtoken youtube FILE)."
        return ErrorKind.AUTH, text
    if status == 403 and (reason in _SCOPES or not reason):
        text = "The connected account may not upload: reconnect it with the permission to upload videos." + said
        return ErrorKind.AUTH, text
    return ErrorKind.INVALID, f"YouTube refused the video ({status}{', ' + reason if reason else ''})." + said

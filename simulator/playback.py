"""Playback access tokens: made by gql, demanded by usher."""

from __future__ import annotations

import hashlib
import hmac
import json
import time

TOKEN_SECONDS = 3600


def make_token(secret: str, vod_id: str, *, sub_only: bool) -> dict[str, str]:
    """`value` is a JSON text, `signature` belongs to it."""
    value = json.dumps(
        {
            "authorization": {"forbidden": False, "reason": ""},
            "chansub": {"restricted_bitrates": ["chunked", "160p30", "audio_only"] if sub_only else []},
            "device_id": None,
            "expires": int(time.time()) + TOKEN_SECONDS,
            "https_required": True,
            "privileged": False,
            "user_id": None,
            "version": 3,
            "vod_id": int(vod_id),
        },
        separators=(",", ":"),
    )
    return {"value": value, "signature": _signature(secret, value)}


def token_error(secret: str, value: str, signature: str, vod_id: str) -> str | None:
    """Why usher refuses this token for this VOD, or None."""
    if not value or not signature:
        return "missing token or signature"
    if not hmac.compare_digest(_signature(secret, value), signature):
        return "signature is not valid"
    token = json.loads(value)  # Signed by us, so it is JSON.
    if str(token["vod_id"]) != vod_id:
        return "token is for another vod"
    if token["expires"] < time.time():
        return "token has expired"
    return None


def _signature(secret: str, value: str) -> str:
    return hmac.new(secret.encode(), value.encode(), hashlib.sha1).hexdigest()

"""What opens a VOD: playback access tokens (made by gql, demanded by usher) and signed links to the CDN (CloudFront).

Both die at their time, and all at once when the VOD's `link_generation` counts on.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import Mapping

from .catalogue import Vod

TOKEN_SECONDS = 3600
LINK_SECONDS = 24 * 3600


def make_token(secret: str, vod: Vod) -> dict[str, str]:
    """`value` is a JSON text, `signature` belongs to it."""
    value = json.dumps(
        {
            "authorization": {"forbidden": False, "reason": ""},
            "chansub": {"restricted_bitrates": ["chunked", "160p30", "audio_only"] if vod.sub_only else []},
            "device_id": None,
            "expires": int(time.time()) + (vod.link_seconds or TOKEN_SECONDS),
            "https_required": True,
            "privileged": False,
            "user_id": None,
            "version": 3,
            "vod_id": int(vod.id),
        },
        separators=(",", ":"),
    )
    return {"value": value, "signature": _signature(secret, vod.link_generation, value)}


def token_error(secret: str, value: str, signature: str, vod_id: str, generation: int) -> str | None:
    """Why usher refuses this token for this VOD, or None."""
    if not value or not signature:
        return "missing token or signature"
    signed = next((g for g in range(generation + 1) if _agrees(secret, g, value, signature)), None)
    if signed is None:
        return "signature is not valid"
    token = json.loads(value)  # Signed by us, so it is JSON.
    if str(token["vod_id"]) != vod_id:
        return "token is for another vod"
    if token["expires"] <= time.time() or signed != generation:
        return "token has expired"
    return None


def link_query(secret: str, vod: Vod) -> str:
    """What usher adds to the links of a VOD whose links expire, with its `?`; empty for the others."""
    if vod.link_seconds is None and not vod.link_generation:
        return ""
    expires = int(time.time()) + (vod.link_seconds or LINK_SECONDS)
    signature = _signature(secret, vod.link_generation, f"{vod.folder}:{expires}")
    return f"?Expires={expires}&Signature={signature}&Key-Pair-Id=SIMULATOR"


def link_error(secret: str, vod: Vod, query: Mapping[str, str]) -> str | None:
    """CloudFront's error code for a link that it does not serve (any more), or None."""
    if vod.link_seconds is None and not vod.link_generation:
        return None
    expires, signature = query.get("Expires", ""), query.get("Signature", "")
    if not expires.isdigit() or not signature:
        return "MissingKey"
    good = _agrees(secret, vod.link_generation, f"{vod.folder}:{expires}", signature)
    return None if good and int(expires) > time.time() else "AccessDenied"


def _agrees(secret: str, generation: int, value: str, signature: str) -> bool:
    return hmac.compare_digest(_signature(secret, generation, value).encode(), signature.encode())


def _signature(secret: str, generation: int, value: str) -> str:
    return hmac.new(f"{secret}{generation or ''}".encode(), value.encode(), hashlib.sha1).hexdigest()

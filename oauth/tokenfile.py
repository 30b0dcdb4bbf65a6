"""Reads the two kinds of token files that people have: Google's authorized-user JSON and a plain token response."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

from oauth.providers import Grant

MOST_BYTES = 64 * 1024
_PRINTABLE = re.compile(r"[\x21-\x7e]*")  # what RFC 6749 A.12 allows, but for the space, which a header would not keep
_SHAPES = "Google's authorized-user JSON, or a token response such as {access_token, refresh_token, expires_in, scope}"


class TokenFileError(Exception):
    """The file is not a token; the text says why, for the person who gave it."""


@dataclass(frozen=True)
class TokenFile:
    """`client_id` is the client that the token was made with, where the file says so."""

    grant: Grant
    client_id: str = ""


def parse(content: bytes, provider: str) -> TokenFile:
    """Raises TokenFileError. The messages never hold a part of the file."""
    body = _object(content)
    if provider == "twitch" and str(body.get("type")) == "authorized_user":
        raise TokenFileError("this is a token of Google: import it with `importtoken youtube`.")
    if "installed" in body or "web" in body:
        raise TokenFileError("this is a client secret file, not a token: connect an account with it first.")
    refresh = body.get("refresh_token")
    if refresh is None or refresh == "":
        raise TokenFileError('it has no "refresh_token", without which the connection would end within hours.')
    if not isinstance(refresh, str) or not refresh.strip():
        raise TokenFileError('"refresh_token" should be a text.')
    access = body.get("access_token", body.get("token"))
    if access is not None and not isinstance(access, str):
        raise TokenFileError('"access_token" should be a text.')
    for name, token in (("refresh_token", refresh), ("access_token", access or "")):
        if not _PRINTABLE.fullmatch(token.strip()):
            raise TokenFileError(f'"{name}" holds characters that no token has: spaces, or letters beyond ASCII.')
    client_id = body.get("client_id")
    grant = Grant(
        access_token=(access or "").strip(),
        refresh_token=refresh.strip(),
        expires_in=0,  # how old the file is nobody knows: the first use renews it
        scopes=_scopes(body.get("scope", body.get("scopes"))),
    )
    return TokenFile(grant, client_id if isinstance(client_id, str) else "")


def _object(content: bytes) -> dict[str, Any]:
    if len(content) > MOST_BYTES:
        raise TokenFileError(f"it is larger than {MOST_BYTES // 1024} KiB, which no token is.")
    if not content.strip():
        raise TokenFileError("it is empty.")
    try:
        body = json.loads(content.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise TokenFileError(f"it is not text. It should be {_SHAPES}.") from None
    except (ValueError, RecursionError):
        raise TokenFileError(f"it is not JSON. It should be {_SHAPES}.") from None
    if not isinstance(body, dict):
        raise TokenFileError(f"it is JSON, but no object. It should be {_SHAPES}.")
    return body


def _scopes(value: object) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(value.split())
    return tuple(word for word in value if isinstance(word, str)) if isinstance(value, list) else ()

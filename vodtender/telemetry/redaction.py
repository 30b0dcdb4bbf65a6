"""What a log line leaves out: whatever looks like a secret, and the configured secrets wherever they occur."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import quote

from django.conf import settings

LEAST_LETTERS = 8  # a shorter secret may be a common word; the patterns find it where a name says what it is
_SECRET_SETTING = re.compile(r"(?:SECRET|TOKEN|KEYS?|PASSWORD|FALLBACKS)$")
_NAMES = (
    r"access_token|refresh_token|id_token|device_code|client_secret|api_?key|secret_key|encryption_key|private_key|"
    r"password|passwd|secret|session(?:id|_\d+)|csrf(?:token|middlewaretoken|_\d+)|upload_id|nauth(?:sig)?|sig|"
    r"signature|token"
)
_QUOTE = r"(?:b?(?P<quote>\\*[\"']))"
_VALUE = r"(?(quote)(?:(?!(?P=quote)).)+|(?:\{[^}]*\}|[^\s&\"'\\,;})\]]+))"
# `name=value` in any writing; `name: value` only where quotes say that it is one, so that sentences stay whole.
_ASSIGNED = re.compile(
    rf"(?is)((?:{_NAMES})\\*[\"']?\s*(?:(?:=|%3d)\s*{_QUOTE}?|[:,]\s*{_QUOTE.replace('quote', 'other')})"
    rf"|(?:access_token|refresh_token|client_secret)\s*:\s*)"
    rf"(?(other)(?:(?!(?P=other)).)+|{_VALUE})"
)
_COLON = r"(?:\\*[\"']?\s*[:=]|\\*[\"']\s*,)\s*(?:b?\\*[\"'])?"
_HEADER = re.compile(
    rf"(?i)((?:authorization|x-api-key){_COLON})(?:[\w-]+[ \t]+)?[^\s\"'\\,]+"
    rf"|((?:set-)?cookie{_COLON})[^\"'\r\n]+"
)
_PLACE = re.compile(r"(?i)(oauth:|\bbearer\s+|[?&](?:code|state|key)=)[^\s&\"'\\,;})\]]+|(://[^\s:/@]*:)[^\s/]*(?=@)")
_SHAPE = re.compile(
    r"\bya29\.[\w.-]+|\b1//[\w-]{20,}|\bGOCSPX-[\w-]+|\bBasic [A-Za-z0-9+/=]{8,}|\bOAuth [a-z0-9]{30}\b"
)


def redacted(text: str) -> str:
    """The text with … in place of tokens, passwords, cookies, upload sessions and the configured secrets."""
    for secret in known():
        if secret in text:
            text = text.replace(secret, "…")
    text = _HEADER.sub(lambda match: f"{match[1] or match[2]}…", text)
    text = _ASSIGNED.sub(r"\1…", text)
    text = _PLACE.sub(lambda match: f"{match[1] or match[2]}…", text)
    return _SHAPE.sub("…", text)


def known() -> tuple[str, ...]:
    """The secrets that the settings hold, the longest first; none before the settings are read."""
    return _known() if settings.configured else ()


@lru_cache(maxsize=1)
def _known() -> tuple[str, ...]:
    found = {secret for secret in _configured() if len(secret) >= LEAST_LETTERS}
    return tuple(sorted(found | {quote(secret, safe="") for secret in found}, key=len, reverse=True))


def _configured() -> Iterator[str]:
    for name in dir(settings):
        if name.isupper() and _SECRET_SETTING.search(name):
            yield from _texts(getattr(settings, name))
    for database in settings.DATABASES.values():
        yield from _texts(database.get("PASSWORD"))


def _texts(value: Any) -> Iterator[str]:
    for text in value if isinstance(value, (list, tuple)) else (value,):
        if isinstance(text, str):
            yield text.removeprefix("oauth:")

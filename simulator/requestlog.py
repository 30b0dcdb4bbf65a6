"""The readable log of every request, in memory for the control endpoint and as lines in requests.log."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

KEPT_IN_MEMORY = 20_000
_SECRET_FIELDS = {
    "token",
    "sig",
    "Signature",
    "nauth",
    "nauthsig",
    "upload_id",
    "code",
    "key",
    "access_token",
    "client_secret",
    "refresh_token",
}


def without_secrets(path: str) -> str:
    """The path with the values of secret query fields taken out."""
    parts = urlsplit(path)
    if not parts.query:
        return parts.path
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    shown = "&".join(f"{k}={'…' if k in _SECRET_FIELDS else quote(v, safe=',:/')}" for k, v in pairs)
    return f"{parts.path}?{shown}"


class RequestLog:
    def __init__(self, path: Path) -> None:
        self.entries: deque[dict[str, Any]] = deque(maxlen=KEPT_IN_MEMORY)
        self._file = path.open("a", encoding="utf-8", buffering=1)

    def add(
        self,
        *,
        host: str,
        method: str,
        path: str,
        status: int,
        ms: float,
        bytes_in: int = 0,
        bytes_out: int = 0,
        note: str = "",
    ) -> None:
        """`status` is 0 when the connection was cut without an answer; `note` says what the rest does not show."""
        time = datetime.now(UTC).isoformat(timespec="milliseconds")
        entry = {
            "time": time,
            "host": host,
            "method": method,
            "path": without_secrets(path),
            "status": status,
            "ms": round(ms, 1),
            "bytes_in": bytes_in,
            "bytes": bytes_out,
            "note": note,
        }
        self.entries.append(entry)
        line = f"{time} {status or 'cut'} {method} {host}{entry['path']} {entry['ms']} ms in={bytes_in} out={bytes_out}"
        self._file.write(f"{line} {note}".rstrip() + "\n")

    def close(self) -> None:
        self._file.close()

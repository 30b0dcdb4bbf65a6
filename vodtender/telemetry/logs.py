"""Log lines as text or JSON, each with its correlation id; nothing from outside can start a line or a field."""

from __future__ import annotations

import logging
import re
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

from vodtender.telemetry import correlation

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
_SECRET = re.compile(
    r"(?i)(oauth:|bearer |(?:access_token|refresh_token|client_secret) *[\"'=:][\"'=: ]*|upload_id=|sig=|token=)"
    r"[^\s&\"',}]+"
)


def redacted(text: str) -> str:
    """The text without what looks like a token, a secret or an upload session."""
    return _SECRET.sub(r"\1…", text)


class CorrelationFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.corr = correlation.current() or getattr(request, "correlation_id", "") or "-"
        return True


class RefusedHostFilter(logging.Filter):
    """A request for a host name that is not ours is one warning that says what to do, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = (
            f"Refused with 400: {record.getMessage().partition('. ')[0]}. PUBLIC_URL gives the names to answer."
        )
        record.args, record.exc_info = (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class TextFormatter(logging.Formatter):
    """`2026-11-23T17:00:00.123Z INFO  vods.download corr=… message`, tracebacks indented."""

    def format(self, record: logging.LogRecord) -> str:
        when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = redacted(record.getMessage())
        if record.exc_info:
            text = f"{text}\n{redacted(self.formatException(record.exc_info))}"
        text = _CONTROL.sub(" ", text).replace("\n", "\n    ")
        return f"{when} {record.levelname:<7} {record.name} corr={getattr(record, 'corr', '-')} {text}"


class JsonFormatter(_JsonFormatter):
    """One JSON object a line: time, level, logger, corr, msg, and exc_info when there is a traceback."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(reserved_attrs=[*logging.makeLogRecord({}).__dict__, "request", "server_time", "status_code"])

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["corr"] = getattr(record, "corr", "-")
        log_data["msg"] = redacted(record.getMessage())
        if record.exc_info:
            log_data["exc_info"] = redacted(str(self.formatException(record.exc_info)))

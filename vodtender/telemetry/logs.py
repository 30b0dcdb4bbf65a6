"""Log lines as text or JSON, each with its correlation id; nothing from outside can start a line or a field."""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from pythonjsonlogger.json import JsonFormatter as _JsonFormatter

from vodtender.telemetry import correlation
from vodtender.telemetry.redaction import redacted

__all__ = ["CorrelationFilter", "JsonFormatter", "RefusedHostFilter", "TextFormatter", "one_line", "redacted"]

# Control characters, line separators, what turns the direction of writing, halves of surrogate pairs.
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
# In a text line these words stand in front of the message alone, so that grep finds them there alone.
_FIELD = re.compile(r"(?i)(corr)(?==)|(?-i:(?<!\S)(?=(?:DEBUG|INFO|WARN|WARNING|ERROR|CRITICAL)(?!\S)))")
_FRAME = re.compile(r'[ |+]*File "')


def one_line(text: str) -> str:
    """The text without secrets, and with escapes such as \\n or \\x1b for what could make a line, or hide one."""
    return _UNSEEN.sub(lambda match: match[0].encode("unicode_escape").decode(), redacted(text).rstrip())


def _traceback_lines(record: logging.LogRecord) -> Iterator[str]:
    """Frames line by line; an error's own text, which may come from outside, in one line."""
    if record.exc_info and record.exc_info[0] is not None:
        for part in traceback.format_exception(*record.exc_info):
            lines = part.rstrip("\n").split("\n") if _FRAME.match(part) else [part.strip("\n")]
            yield from (one_line(line) for line in lines)
    if record.stack_info:
        yield from (one_line(line) for line in record.stack_info.split("\n"))


class CorrelationFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        record.corr = correlation.current() or getattr(request, "correlation_id", "") or correlation.of_process()
        return True


class RefusedHostFilter(logging.Filter):
    """A request for a host name that is not ours is one warning that says what to do, without a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        if str(record.msg).startswith("Refused with 400:"):
            return True  # it came through here before
        record.msg = (
            f"Refused with 400: {record.getMessage().partition('. ')[0]}. PUBLIC_URL gives the names to answer."
        )
        record.args, record.exc_info = (), None
        record.levelno, record.levelname = logging.WARNING, "WARNING"
        return True


class TextFormatter(logging.Formatter):
    """`2026-11-23T17:00:00.123Z INFO    vods.download corr=… message`; each line of a traceback begins so too.

    What is in the message can be no field: `corr=` is written `corr\\=` there, and a level's name `\\INFO`.
    """

    def format(self, record: logging.LogRecord) -> str:
        when = _when(record).replace("+00:00", "Z")
        head = f"{when} {record.levelname:<7} {record.name} corr={getattr(record, 'corr', '-')} "
        lines = [one_line(record.getMessage()), *(f"    {line}" for line in _traceback_lines(record))]
        return "\n".join(head + _FIELD.sub(r"\1\\", line) for line in lines)


class JsonFormatter(_JsonFormatter):
    """One JSON object a line: time, level, logger, corr, msg, and exc_info when there is a traceback."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(reserved_attrs=[*logging.makeLogRecord({}).__dict__, "request", "server_time", "status_code"])

    def add_fields(self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = _when(record)
        log_data["level"] = record.levelname.lower()
        log_data["logger"] = record.name
        log_data["corr"] = getattr(record, "corr", "-")
        log_data["msg"] = one_line(record.getMessage())
        if trace := "\n".join(_traceback_lines(record)):
            log_data["exc_info"] = trace


def _when(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")

"""Everything that a long-running process says is a log line: what is printed, warnings, and how a process dies."""

from __future__ import annotations

import atexit
import io
import json
import logging
import os
import re
import sys
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import IO, Any, TextIO

from vodtender.telemetry.logs import CorrelationFilter, JsonFormatter, TextFormatter

LONGEST_LINE = 1 << 20  # bytes of a child's line; a longer one is cut in two
_TEXT_LINE = re.compile(rb"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ +\S+ corr=\S+ ")
_JSON, _TEXT = JsonFormatter(), TextFormatter()
log = logging.getLogger("vodtender")


def take_over(command: str) -> None:
    """Makes log lines of all that this process says. People at a terminal still read plain text, unless as JSON."""
    handler = StderrHandler()
    handler.setFormatter(_formatter())
    handler.addFilter(CorrelationFilter())
    logging.basicConfig(handlers=[handler], level=logging.INFO)  # until the settings are read
    logging.captureWarnings(True)
    sys.excepthook = _died
    threading.excepthook = _thread_died
    sys.unraisablehook = _not_raised
    if command != "simulate":  # what it prints is for a shell to read
        sys.stdout = _as_lines(sys.stdout, command, logging.INFO)
    sys.stderr = _as_lines(sys.stderr, command, logging.ERROR)


class StderrHandler(logging.StreamHandler[TextIO]):
    """Writes to the standard error that lies below a LineStream."""

    def __init__(self) -> None:
        super().__init__(_real(sys.stderr))


class LineStream(io.TextIOBase):
    """A text stream whose every line becomes a log line. Each thread's text is kept apart until its line is whole."""

    def __init__(self, real: TextIO, name: str, level: int) -> None:
        self.real = real
        self._name = name
        self._level = level
        self._part = threading.local()
        if isinstance(real, io.TextIOWrapper):
            real.reconfigure(errors="backslashreplace")
        atexit.register(self._end)

    def write(self, text: str) -> int:
        *lines, rest = (getattr(self._part, "text", "") + text).split("\n")
        self._part.text = rest
        self._say(lines)
        return len(text)

    def _end(self) -> None:
        if rest := getattr(self._part, "text", ""):
            self._part.text = ""
            self._say([rest])

    def _say(self, lines: Iterable[str]) -> None:
        said = [line_of(line, self._name, self._level) for line in lines if line.strip()]
        if said:
            self.real.write("".join(said))
            self.real.flush()

    def flush(self) -> None:
        self.real.flush()

    def fileno(self) -> int:
        return self.real.fileno()

    def isatty(self) -> bool:
        return False

    def writable(self) -> bool:
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self.real.encoding


def line_of(text: str, name: str, level: int) -> str:
    """The log line, with its newline, that says `text`."""
    record = logging.LogRecord(name, level, "", 0, text.rstrip(), None, None)
    CorrelationFilter().filter(record)
    return _formatter().format(record) + "\n"


def relay(source: IO[bytes], name: str) -> None:
    """Copies what child processes say from a pipe to our standard output until it ends; log lines as they are.

    A line that is none, such as the last words of a crashing interpreter, becomes one, unless people read it.
    """
    target = _real(sys.stdout).buffer
    wrapped = isinstance(sys.stdout, LineStream)
    rest = b""
    with source:
        while chunk := os.read(source.fileno(), 65536):
            *lines, rest = (rest + chunk).split(b"\n")
            if len(rest) > LONGEST_LINE:
                lines, rest = [*lines, rest], b""
            target.write(b"".join(_relayed(line, name, wrapped) for line in lines))
            target.flush()
    target.write(_relayed(rest, name, wrapped) if rest else b"")
    target.flush()


def _relayed(line: bytes, name: str, wrapped: bool) -> bytes:
    if not wrapped or _is_log_line(line):
        return line + b"\n"
    text = line.decode(errors="replace")
    return line_of(text, name, logging.ERROR).encode() if text.strip() else b""


def _is_log_line(line: bytes) -> bool:
    if not _json():
        return bool(_TEXT_LINE.match(line))
    try:
        return line.startswith(b'{"time": ') and "corr" in json.loads(line)
    except ValueError:
        return False


def _json() -> bool:
    return os.environ.get("LOG_FORMAT", "").strip().lower() == "json"


def _formatter() -> logging.Formatter:
    return _JSON if _json() else _TEXT


def _as_lines(stream: TextIO, command: str, level: int) -> TextIO:
    readable = stream.isatty() and not _json()
    return stream if readable else LineStream(stream, f"vodtender.{command}", level)  # type: ignore[return-value]


def _real(stream: Any) -> Any:
    return stream.real if isinstance(stream, LineStream) else stream


def _died(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        log.warning("Interrupted.")
    else:
        log.critical("The process ends by an error.", exc_info=(kind, error, trace))


def _thread_died(args: threading.ExceptHookArgs) -> None:
    if args.exc_value is not None and not issubclass(args.exc_type, SystemExit):
        name = args.thread.name if args.thread is not None else "?"
        log.error("The thread %s ends by an error.", name, exc_info=(args.exc_type, args.exc_value, args.exc_traceback))


def _not_raised(args: Any) -> None:
    info = (args.exc_type, args.exc_value, args.exc_traceback) if args.exc_value is not None else None
    log.error("%s %s.", args.err_msg or "Exception ignored in", type(args.object).__name__, exc_info=info)

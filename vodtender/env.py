"""Reads settings from the environment, strictly: a bad value names its variable and says what it should be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import dotenv

T = TypeVar("T")

_DURATION = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?", re.ASCII)
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?(?:/s)?", re.IGNORECASE | re.ASCII)
_SIZES = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12}
MOST_SECONDS = 366 * 24 * 3600  # what is added to a time must stay a time
MOST_BYTES = 2**63 - 1  # what fits into a column
_RULES = ("always_on", "always_off", "traceidratio")
SAMPLERS = (*_RULES, *(f"parentbased_{rule}" for rule in _RULES))  # of OpenTelemetry's specification
_TRUE, _FALSE = {"1", "true", "yes", "on"}, {"0", "false", "no", "off"}


class EnvError(Exception):
    """A variable has a value that cannot be used. The text is for the person who set it."""


def load_dotenv() -> None:
    """Adds the variables of `.env` in the project's folder that the environment does not set."""
    dotenv.load_dotenv(Path(__file__).resolve().parent.parent / ".env", override=False)


def parse_duration(text: str) -> int:
    """Seconds of `90`, `90s`, `10m`, `6h`, `1h30m` or `2d`. Raises ValueError."""
    text = text.strip()
    if text.isascii() and text.isdigit():
        return int(text)
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise ValueError("a duration such as 90, 90s, 10m, 6h or 1h30m")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def parse_size(text: str) -> int:
    """Bytes of `500000`, `10M`, `1.5G` or `2MB/s` (powers of 1000). Raises ValueError."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise ValueError("a size in bytes such as 500000, 10M or 1.5G")
    size = float(match[1]) * _SIZES[match[2].lower()]
    if size > MOST_BYTES:
        raise ValueError("a size that a disk can have")
    return int(size)


class Env:
    """Typed reads from a mapping of variables; an empty value counts as not set."""

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = os.environ if variables is None else variables

    def text(self, name: str, default: str = "") -> str:
        return self._variables.get(name, "").strip() or default

    def secret(self, name: str) -> str:
        """The variable, or the content of the file that NAME_FILE names; never shown in an error."""
        value, path = self.text(name), self.text(f"{name}_FILE")
        if value and path:
            raise EnvError(f"{name} and {name}_FILE are both set: keep one of them.")
        if not path:
            return value
        try:
            return Path(path).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            raise EnvError(f"{name}_FILE names {path}, which cannot be read: {reason}.") from None

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name).lower()
        if not value:
            return default
        if value in _TRUE | _FALSE:
            return value in _TRUE
        raise EnvError(f"{name} should be 1 or 0, not {value!r}.")

    def integer(self, name: str, default: int, *, least: int = 0, most: int | None = None) -> int:
        value = self.text(name)
        if not value:
            return default
        bounds = f"from {least} to {most}" if most is not None else f"of at least {least}"
        number = int(value) if re.fullmatch(r"[+-]?[0-9]{1,18}", value) else None
        if number is None or number < least or (most is not None and number > most):
            raise EnvError(f"{name} should be a whole number {bounds}, not {value!r}.")
        return number

    def fraction(self, name: str, default: str) -> float:
        """A number from 0 to 1."""
        value = self.text(name, default)
        if re.fullmatch(r"[0-9]{0,3}\.?[0-9]{1,18}", value) is None or float(value) > 1:
            raise EnvError(f"{name} should be a number from 0 to 1 such as 0.1, not {value!r}.")
        return float(value)

    def duration(self, name: str, default: str, *, least: int = 0) -> int:
        """Seconds."""
        seconds = self._parsed(name, default, parse_duration)
        if seconds < least:
            raise EnvError(f"{name} should be at least {least} s, not {self.text(name)!r}.")
        if seconds > MOST_SECONDS:
            raise EnvError(f"{name} should be at most a year, not {self.text(name)!r}.")
        return seconds

    def size(self, name: str, default: str) -> int:
        """Bytes."""
        return self._parsed(name, default, parse_size)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if value.lower() not in choices:
            raise EnvError(f"{name} should be one of {', '.join(filter(None, choices))}, not {value!r}.")
        return value.lower()

    def names(self, *names: str) -> list[str]:
        """The comma-separated words of all these variables, each once, in order."""
        words = [word.strip() for name in names for word in self.text(name).split(",")]
        return list(dict.fromkeys(word for word in words if word))

    def url(self, name: str, default: str, schemes: tuple[str, ...]) -> str:
        value = self.text(name, default)
        if not value:
            return ""
        try:
            parts = urlsplit(value)
            usable = parts.scheme in schemes and bool(parts.hostname) and (parts.port or 1) > 0
        except ValueError:
            usable = False
        if not usable:
            raise EnvError(f"{name} should be an address that starts with {' or '.join(s + '://' for s in schemes)}.")
        return value

    def address(self, name: str, default: str) -> tuple[str, int]:
        """Host and port of `127.0.0.1:8080`, `:8080` or `[::1]:8080`."""
        value = self.text(name, default)
        host, colon, port = value.rpartition(":")
        if not colon or not port.isascii() or not port.isdigit() or not 0 < int(port) < 65536:
            raise EnvError(f"{name} should be HOST:PORT such as {default}, not {value!r}.")
        return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104 - ":8080" means every address, as in the peers

    def collector(self, name: str) -> str:
        """`http://HOST:PORT` (https:// for TLS) of `HOST:PORT`, `HOST` or such an address; "" when it is not set."""
        value = self.text(name)
        if not value:
            return ""
        try:
            parts = urlsplit(value if "://" in value else f"http://{value}")
            port = 4317 if parts.port is None else parts.port
            usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and port > 0 and "@" not in parts.netloc
        except ValueError:
            usable = False
        if not usable or parts.path not in {"", "/"} or parts.query or parts.fragment or any(map(str.isspace, value)):
            raise EnvError(
                f"{name} should be HOST:PORT such as jaeger:4317, with http:// or https:// before it or not."
            )
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        return f"{parts.scheme}://{host}:{port}"

    def patterns(self, name: str) -> str:
        """Regular expressions with commas between them, as they stand."""
        value = self.text(name)
        for pattern in value.split(","):
            try:
                re.compile(pattern.strip())
            except re.error as error:
                raise EnvError(
                    f"{name} should be regular expressions with commas between them; {pattern.strip()!r} is none: "
                    f"{error.msg}."
                ) from None
        return value

    def path(self, name: str, default: Path, base: Path) -> Path:
        """Absolute path; a relative one is taken from `base`."""
        value = self.text(name)
        return (base / Path(value).expanduser()).resolve() if value else default

    def _parsed(self, name: str, default: str, parse: Callable[[str], T]) -> T:
        try:
            return parse(self.text(name, default))
        except ValueError as error:
            raise EnvError(f"{name} should be {error}, not {self.text(name)!r}.") from None

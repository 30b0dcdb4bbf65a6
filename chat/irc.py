"""Parser for one line of Twitch's IRC: https://dev.twitch.tv/docs/chat/irc/ and https://ircv3.net/specs/extensions/message-tags.

Pure and total: any bytes give a `Line`, nothing raises.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_UNESCAPED = {":": ";", "s": " ", "\\": "\\", "r": "\r", "n": "\n"}
_ESCAPED = str.maketrans({";": r"\:", " ": r"\s", "\\": r"\\", "\r": r"\r", "\n": r"\n"})


class Line(NamedTuple):
    """One line. `prefix` is `nick!user@host` or a server name, `command` in capitals, the text the last of `params`."""

    tags: dict[str, str]
    prefix: str
    command: str
    params: list[str]

    @property
    def nick(self) -> str:
        """The sender's login, or the server's name."""
        return self.prefix.partition("!")[0]

    @property
    def channel(self) -> str:
        """The channel's login in lower case without `#`; empty when the line is not about one."""
        first = self.params[0] if self.params else ""
        return first[1:].lower() if first.startswith("#") else ""

    @property
    def text(self) -> str:
        """What follows the first parameter: the message itself, where there is one."""
        return self.params[-1] if len(self.params) > 1 else ""


def parse(line: bytes) -> Line:
    """The parts of a line, with or without its line end. Bytes that are no UTF-8 become U+FFFD."""
    rest = line.rstrip(b"\r\n").decode("utf-8", "replace")
    tags: dict[str, str] = {}
    prefix = ""
    if rest.startswith("@"):
        tag_text, _, rest = rest[1:].partition(" ")
        tags = parse_tags(tag_text)
        rest = rest.lstrip(" ")
    if rest.startswith(":"):
        prefix, _, rest = rest[1:].partition(" ")
    head, colon, trailing = rest.partition(" :")
    command, *params = head.split() or [""]
    if colon:
        params.append(trailing)
    return Line(tags, prefix, command.upper(), params)


def parse_tags(text: str) -> dict[str, str]:
    """`a=1;b=x\\sy` as a dict. A tag without a value is an empty text; of a tag sent twice the last counts."""
    tags = {}
    for pair in text.split(";"):
        key, _, value = pair.partition("=")
        tags[key] = _ESCAPE.sub(_unescape, value) if "\\" in value else value
    tags.pop("", None)
    return tags


def format_tags(tags: dict[str, str]) -> str:
    """The reverse of `parse_tags`."""
    return ";".join(f"{key}={value.translate(_ESCAPED)}" for key, value in tags.items())


def _unescape(match: re.Match[str]) -> str:
    letter = match[1]
    return _UNESCAPED.get(letter, letter)

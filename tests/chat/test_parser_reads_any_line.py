"""The IRC parser: what Twitch sends, and any bytes at all."""

from __future__ import annotations

import random

import pytest

from chat.irc import format_tags, parse, parse_tags

LINES = [
    (b"PING :tmi.twitch.tv\r\n", ({}, "", "PING", ["tmi.twitch.tv"])),
    (b":tmi.twitch.tv RECONNECT", ({}, "tmi.twitch.tv", "RECONNECT", [])),
    (
        b":justinfan1!justinfan1@justinfan1.tmi.twitch.tv JOIN #pia\r\n",
        ({}, "justinfan1!justinfan1@justinfan1.tmi.twitch.tv", "JOIN", ["#pia"]),
    ),
    (
        b"@id=1;color=#FF0000 :ann!ann@ann.tmi.twitch.tv PRIVMSG #pia :hello : there",
        ({"id": "1", "color": "#FF0000"}, "ann!ann@ann.tmi.twitch.tv", "PRIVMSG", ["#pia", "hello : there"]),
    ),
    (b"@a=;b :s NOTICE * :x", ({"a": "", "b": ""}, "s", "NOTICE", ["*", "x"])),
    (b":s privmsg #c :", ({}, "s", "PRIVMSG", ["#c", ""])),
    (b"", ({}, "", "", [])),
    (b"@", ({}, "", "", [])),
    (b":", ({}, "", "", [])),
    (b"@a=1", ({"a": "1"}, "", "", [])),
    (b":only", ({}, "only", "", [])),
    (b"X :\xff\xfe", ({}, "", "X", ["\ufffd\ufffd"])),
]

TAGS = [
    ("a=x\\sy", {"a": "x y"}),
    ("a=\\:\\\\\\r\\n", {"a": ";\\\r\n"}),
    ("a=odd\\q", {"a": "oddq"}),
    ("a=end\\", {"a": "end"}),
    ("a=1;a=2", {"a": "2"}),
    ("a=b=c", {"a": "b=c"}),
    (";;=x;", {}),
]


@pytest.mark.parametrize(("line", "parts"), LINES)
def test_a_line_has_these_parts(line: bytes, parts: tuple[object, ...]) -> None:
    assert tuple(parse(line)) == parts


@pytest.mark.parametrize(("text", "tags"), TAGS)
def test_tags_are_unescaped(text: str, tags: dict[str, str]) -> None:
    assert parse_tags(text) == tags


def test_a_channel_is_lower_case_without_its_sign() -> None:
    assert parse(b":x JOIN #Pia").channel == "pia"
    assert parse(b":x NOTICE * :no").channel == ""


def test_no_bytes_make_it_raise() -> None:
    dice = random.Random(7)
    pieces = [
        b"@",
        b":",
        b" ",
        b";",
        b"=",
        b"\\",
        b"#c",
        b"PRIVMSG",
        b"\r\n",
        b"\0",
        b"id=",
        "é🙂".encode(),
        b"\xf0\x9f",
    ]
    for _ in range(20_000):
        line = b"".join(
            dice.choice(pieces) if dice.random() < 0.7 else dice.randbytes(dice.randrange(5))
            for _ in range(dice.randrange(20))
        )
        parsed = parse(line)
        assert (parsed.channel, parsed.text, parsed.nick) is not None


def test_tags_survive_the_round_trip() -> None:
    dice = random.Random(11)
    letters = "ab;: \\\r\nés🙂=s:rn"
    for _ in range(5_000):
        tags = {f"k{i}": "".join(dice.choices(letters, k=dice.randrange(9))) for i in range(dice.randrange(5))}
        line = f"@{format_tags(tags)} :a!a@a PRIVMSG #c :x".encode()
        assert parse(line).tags == tags

"""From a line to what is stored."""

from __future__ import annotations

import random
from typing import Any

import pytest

from chat.irc import format_tags, parse
from chat.messages import ChatMessage, Deletion, read
from chat.models import Message

RECEIVED = 1_700_000_000_000


def message(text: str = "hi", command: str = "PRIVMSG", nick: str = "ann", **tags: Any) -> ChatMessage:
    known = {"id": "m1", "tmi-sent-ts": "1700000000123", **{key.replace("_", "-"): str(v) for key, v in tags.items()}}
    line = f"@{format_tags(known)} :{nick}!{nick}@{nick}.tmi.twitch.tv {command} #pia :{text}".encode()
    found = read(parse(line), RECEIVED, "77")
    assert isinstance(found, ChatMessage)
    return found


def test_a_message_has_twitchs_time_and_everything_that_is_said_of_its_sender() -> None:
    said = message(
        "Kappa hi",
        user_id=7,
        display_name="Änn",
        color="#FF0000",
        badges="subscriber/12,premium/1",
        emotes="25:0-4",
        bits=100,
    )
    assert said == ChatMessage(
        message_id="m1",
        sent_at=1_700_000_000_123,
        kind="message",
        user_id="7",
        login="ann",
        display_name="Änn",
        colour="#FF0000",
        badges="subscriber/12,premium/1",
        emotes="25:0-4",
        text="Kappa hi",
        system_text="",
        reply_to="",
        bits=100,
    )


def test_me_is_an_action_without_its_marks() -> None:
    said = message("\x01ACTION waves\x01")
    assert (said.kind, said.text) == ("action", "waves")


def test_a_reply_names_the_message_that_it_answers() -> None:
    assert message("@bob yes", reply_parent_msg_id="m0").reply_to == "m0"


@pytest.mark.parametrize(
    ("what", "kind"),
    [
        ("sub", "sub"),
        ("resub", "sub"),
        ("subgift", "gift"),
        ("submysterygift", "gift"),
        ("raid", "raid"),
        ("announcement", "announcement"),
        ("viewermilestone", "notice"),
        ("", "notice"),
    ],
)
def test_a_notice_of_twitch_has_its_kind(what: str, kind: str) -> None:
    said = message("great", "USERNOTICE", "tmi", msg_id=what, login="Ann", system_msg="Ann did it")
    assert (said.kind, said.login, said.text, said.system_text) == (kind, "ann", "great", "Ann did it")


def test_a_notice_from_a_shared_chat_has_the_kind_of_its_source() -> None:
    assert message("", "USERNOTICE", "tmi", msg_id="sharedchatnotice", source_msg_id="raid").kind == "raid"


@pytest.mark.parametrize("time", ["", "soon", "-5", "9" * 30, "²", "99999999999999999"])
def test_without_a_usable_time_of_twitch_ours_counts(time: str) -> None:
    assert message(tmi_sent_ts=time).sent_at == RECEIVED


def test_a_message_without_an_id_gets_one_from_its_place_the_same_each_time() -> None:
    line = parse(b":ann!ann@ann PRIVMSG #pia :hi")
    first, again, other = (read(line, RECEIVED, place) for place in ("1", "1", "2"))
    assert isinstance(first, ChatMessage)
    assert isinstance(other, ChatMessage)
    assert first == again
    assert first.message_id != other.message_id


def test_nul_is_gone_and_everything_fits_its_column() -> None:
    long = "x\0" * 3000
    said = message(
        "a\0b" + "y" * 20_000, id=long, user_id=long, display_name=long, color=long, badges="a/1," * 400, bits="9" * 19,
        reply_parent_msg_id=long,
    )  # fmt: skip
    for column in Message._meta.fields:
        value = getattr(said, column.name, None)
        if isinstance(value, str):
            assert "\0" not in value
            assert column.max_length is None or len(value) <= column.max_length, column.name
    assert said.text.startswith("ab")
    assert said.badges.endswith("a/1")
    assert said.bits == 2**31 - 1


@pytest.mark.parametrize(
    ("line", "deletion"),
    [
        (b"@target-msg-id=m9;tmi-sent-ts=5 :t CLEARMSG #pia :bad", Deletion(5, message_id="m9")),
        (b"@target-user-id=7;tmi-sent-ts=5 :t CLEARCHAT #pia :ann", Deletion(5, user_id="7", login="ann")),
        (b":t CLEARCHAT #pia :ann", Deletion(RECEIVED, login="ann")),
        (b"@tmi-sent-ts=5 :t CLEARCHAT #pia", Deletion(5)),
    ],
)
def test_what_clears_is_a_deletion(line: bytes, deletion: Deletion) -> None:
    assert read(parse(line), RECEIVED) == deletion


@pytest.mark.parametrize("line", [b"", b"PING", b":x JOIN #pia", b":t CLEARMSG #pia :no target", b":t ROOMSTATE #pia"])
def test_other_lines_are_nothing(line: bytes) -> None:
    assert read(parse(line), RECEIVED) is None


def test_no_bytes_make_it_raise() -> None:
    dice = random.Random(3)
    keys = ["id", "bits", "tmi-sent-ts", "user-id", "msg-id", "login", "target-msg-id", "emotes", "badges"]
    for _ in range(5_000):
        tags = ";".join(f"{dice.choice(keys)}={dice.choice(['', '5', '²', 'x' * 600, chr(0)])}" for _ in range(4))
        command = dice.choice(["PRIVMSG", "USERNOTICE", "CLEARCHAT", "CLEARMSG"])
        found = read(parse(f"@{tags} :a {command} #c :".encode() + dice.randbytes(9)), RECEIVED, "1")
        if isinstance(found, Deletion):
            assert found.at is not None

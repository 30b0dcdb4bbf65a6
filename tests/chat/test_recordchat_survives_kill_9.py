"""`manage.py recordchat` as a process: killed in the middle of a flood, refused by its surroundings, stopped."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from tests.chat.ircserver import IrcServer, serving, until
from tests.chat.process import Installation


@pytest.fixture
def server() -> Iterator[IrcServer]:
    with serving() as server:
        yield server


@pytest.fixture
def recorded(installation: Installation, server: IrcServer) -> Installation:
    """With a channel whose stream is being recorded."""
    installation.environment["TWITCH_IRC_URL"] = f"irc://127.0.0.1:{server.port}"
    installation.add_running_recording(installation.add_channel("pia"))
    return installation


def ms(text: str) -> float:
    return datetime.fromisoformat(text).timestamp() * 1000


def test_killed_in_a_flood_every_message_is_recorded_once_or_in_a_declared_gap(
    recorded: Installation, server: IrcServer
) -> None:
    over = threading.Event()

    def flood() -> None:
        while not over.wait(0.02):
            server.say("pia", 20)

    talker = threading.Thread(target=flood)
    talker.start()
    try:
        for _ in range(3):
            with recorded.recorder() as process:
                until(lambda: server.joined("pia"), "joined")
                seen, before = len(server.sent), len(recorded.message_ids())
                until(lambda past=seen: len(server.sent) > past + 500, "500 more messages")
                until(lambda past=before: len(recorded.message_ids()) > past, "some of them stored")
                process.kill()
                process.wait()
                until(lambda: not server.joined("pia"), "gone")
    finally:
        over.set()
        talker.join()
    with recorded.recorder():
        until(lambda: server.joined("pia"), "joined")
        server.say("pia")
        until(lambda: server.sent[-1][0] in recorded.message_ids(), "the last message")

    stored = recorded.message_ids()
    assert len(stored) == len(set(stored))
    (recording,) = recorded.recordings()
    assert recording["messages"] == len(stored) > 1500
    gaps = [(ms(gap["started_at"]), ms(gap["ended_at"])) for gap in recording["gaps"] if gap["ended_at"]]
    assert len(gaps) >= 4
    assert all(end - start < 10_000 for start, end in gaps)
    known = set(stored)
    lost = [(id_, at) for id_, at in server.sent if id_ not in known]
    assert [item for item in lost if not any(start <= item[1] <= end for start, end in gaps)] == []


def test_it_stops_within_5_seconds_also_while_the_database_is_locked(recorded: Installation, server: IrcServer) -> None:
    with recorded.recorder() as process:
        until(lambda: server.joined("pia"), "joined")
        locked = threading.Event()
        free = threading.Event()

        def lock() -> None:
            with recorded.database.locked("chat_message"):
                locked.set()
                free.wait()

        holder = threading.Thread(target=lock)
        holder.start()
        locked.wait()
        server.say("pia", 50)
        journal = recorded.folder / "chat" / "journal"
        until(lambda: any(b"id-pia-49;" in file.read_bytes() for file in journal.iterdir()), "in the journal")
        began = time.monotonic()
        process.terminate()
        try:
            assert process.wait(5) == 0
        finally:
            free.set()
            holder.join()
        assert time.monotonic() - began < 5
    with recorded.recorder():
        until(lambda: len(recorded.message_ids()) == 50, "all stored by the next start")


def test_a_second_recorder_waits_for_the_first(recorded: Installation, server: IrcServer) -> None:
    with recorded.recorder() as first:
        until(lambda: server.joined("pia"), "joined")
        with recorded.recorder():
            until(lambda: "Another recorder runs" in recorded.log(), "the second waits")
            assert len(server.clients) == 1
            first.kill()
            first.wait()
            until(lambda: server.accepted == 2 and server.joined("pia"), "the second took over")


def test_without_credentials_it_says_once_what_is_missing_and_stays_joined(
    recorded: Installation, server: IrcServer
) -> None:
    with recorded.recorder():
        until(lambda: server.joined("pia"), "joined")
        server.say("pia")
        until(lambda: server.sent[-1][0] in recorded.message_ids(), "the message")
        server.say("pia")
        until(lambda: server.sent[-1][0] in recorded.message_ids(), "another, some polls later")
    assert recorded.log().count("TWITCH_CLIENT_ID") == 1
    assert "Traceback" not in recorded.log()


def test_switched_off_it_idles_and_stops(installation: Installation) -> None:
    installation.environment["CHAT_AUTO_START"] = "0"
    with installation.recorder() as process:
        until(lambda: "CHAT_AUTO_START is 0" in installation.log(), "it says so")
        process.terminate()
        assert process.wait(5) == 0

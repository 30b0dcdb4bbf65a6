"""`manage.py recordchat` against the simulator, pointed at it by the environment alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from simulator import DEMO_CHANNEL
from simulator.running import Handle, running
from tests.chat.ircserver import until
from tests.chat.process import Installation


@pytest.fixture
def simulated(tmp_path: Path) -> Iterator[Handle]:
    with running(tmp_path / "simulator", "--media-on-demand") as handle:
        yield handle


def test_live_chat_is_recorded_through_drops_and_reconnects(simulated: Handle, installation: Installation) -> None:
    installation.environment.update(simulated.env)
    installation.add_channel(DEMO_CHANNEL)

    def stored(ids: list[str]) -> bool:
        return set(ids) <= set(installation.message_ids())

    with installation.recorder():
        until(lambda: installation.query("SELECT id FROM chat_recording WHERE ended_at IS NULL"), "a running recording")
        first = simulated.control.say(DEMO_CHANNEL, "before the break")
        until(lambda: stored(first), "the first message")
        joined_anew(simulated, "/irc/drop")
        second = simulated.control.say(DEMO_CHANNEL, "Kappa after it", login="ann")
        until(lambda: stored(second), "the second message")
        joined_anew(simulated, "/irc/reconnect")
        third = simulated.control.say(DEMO_CHANNEL, "and again")
        until(lambda: stored(third), "the third message")

    (recording,) = installation.recordings()
    assert recording["channel"] == DEMO_CHANNEL
    assert recording["ended_at"] is None
    assert len(recording["gaps"]) >= 3
    assert installation.query("SELECT text, emotes, login FROM chat_message WHERE message_id = ?", *second) == [
        ("Kappa after it", "25:0-4", "ann")
    ]


def test_when_the_stream_is_over_the_recording_ends_and_is_tied_to_its_vod(
    simulated: Handle, installation: Installation
) -> None:
    installation.environment.update(simulated.env)
    installation.add_channel(DEMO_CHANNEL)
    with installation.recorder():
        until(lambda: installation.query("SELECT id FROM chat_recording WHERE ended_at IS NULL"), "a running recording")
        simulated.control.post(f"/broadcast/{DEMO_CHANNEL}", live=False)
        until(lambda: installation.query("SELECT id FROM chat_recordingvod"), "tied to its VOD")
    (recording,) = installation.recordings()
    assert recording["ended_at"] is not None
    ((vod_stream,),) = installation.query("SELECT stream_id FROM vods_vod WHERE twitch_id = ?", *recording["vods"])
    assert vod_stream == recording["stream_id"]


def joined_anew(simulated: Handle, how: str) -> None:
    """Breaks the connection and waits until another one has joined."""

    def nicks() -> set[str]:
        clients = simulated.control.get("/state")["irc"]
        return {client["nick"] for client in clients if DEMO_CHANNEL in client["channels"]}

    before = nicks()
    simulated.control.post(how)
    until(lambda: nicks() - before, "joined again")

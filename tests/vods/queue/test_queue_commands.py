"""The commands of the queue: what they say and what they do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import cast
from vods.models import Channel, Redo, State, Switchboard, Vod
from vods.owner import host_name

pytestmark = pytest.mark.django_db


@pytest.fixture
def archived(settings: Any, tmp_path: Path) -> Vod:
    """A VOD that is done, with its file, and on YouTube."""
    settings.MEDIA_DIR = tmp_path
    (tmp_path / "1.mp4").write_bytes(b"video")
    return cast.vod(State.DONE, file_path="1.mp4", file_host=host_name(), youtube_id="abc")


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    call_command(*words)
    return capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["--stage", "download"]])
def test_requeue_of_an_archived_vod_downloads_it_again(
    archived: Vod, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    assert told(capsys, "requeue", archived.twitch_id, *words) == "1 of 1 requeued.\n"
    archived.refresh_from_db()
    assert (archived.state, archived.redo, archived.youtube_id) == (State.QUEUED, Redo.NOTHING, "abc")


def test_requeue_can_ask_for_the_verification_or_the_upload(archived: Vod, capsys: pytest.CaptureFixture[str]) -> None:
    told(capsys, "requeue", archived.twitch_id, "--stage", "verify")
    archived.refresh_from_db()
    assert (archived.state, archived.redo) == (State.QUEUED, Redo.VERIFY)
    told(capsys, "requeue", archived.twitch_id, "--stage", "upload")
    archived.refresh_from_db()
    assert (archived.state, archived.redo) == (State.DOWNLOADED, Redo.UPLOAD)


def test_without_a_file_there_is_nothing_to_verify(capsys: pytest.CaptureFixture[str]) -> None:
    vod = cast.vod(State.FAILED)
    with pytest.raises(CommandError, match="Nothing was requeued"):
        told(capsys, "requeue", vod.twitch_id, "--stage", "verify")


def test_a_vod_is_named_by_its_address_too(capsys: pytest.CaptureFixture[str]) -> None:
    vod = cast.vod()
    assert told(capsys, "cancelvod", f"https://www.twitch.tv/videos/{vod.twitch_id}?t=1h") == "1 of 1 canceled.\n"


@pytest.mark.parametrize("command", ["requeue", "cancelvod", "skipupload"])
@pytest.mark.parametrize("typed", ["abc", "-1", "12; rm -rf /", "https://example.org/videos/1", "１２３", "9" * 21])
def test_what_is_no_vod_id_is_said(command: str, typed: str) -> None:
    with pytest.raises(CommandError, match="is not a VOD id"):
        call_command(command, "--", typed)


@pytest.mark.parametrize("command", ["requeue", "cancelvod", "skipupload"])
def test_an_unknown_vod_changes_nothing(command: str) -> None:
    vod = cast.vod(State.FAILED)
    with pytest.raises(CommandError, match="There is no VOD 404 here"):
        call_command(command, vod.twitch_id, "404")
    vod.refresh_from_db()
    assert (vod.state, vod.skip_upload) == (State.FAILED, False)


def test_priority_and_skipping(capsys: pytest.CaptureFixture[str]) -> None:
    vod = cast.vod()
    assert told(capsys, "setpriority", "7", vod.twitch_id) == "1 of 1 changed.\n"
    assert told(capsys, "skipupload", vod.twitch_id) == "1 of 1 changed.\n"
    vod.refresh_from_db()
    assert (vod.priority, vod.skip_upload) == (7, True)
    assert told(capsys, "skipupload", "--off", vod.twitch_id) == "1 of 1 changed.\n"


def test_pauses(capsys: pytest.CaptureFixture[str]) -> None:
    cast.pia()
    assert told(capsys, "pause", "all", "uploads", "pia") == "Everything: paused.\nuploads: paused.\npia: paused.\n"
    assert told(capsys, "pause", "pia") == "pia: was paused already.\n"
    board = Switchboard.read()
    assert (board.paused, board.uploads_paused, Channel.objects.get().paused) == (True, True, True)
    told(capsys, "resume", "all", "uploads", "pia")
    board = Switchboard.read()
    assert (board.paused, board.uploads_paused, Channel.objects.get().paused) == (False, False, False)


@pytest.mark.parametrize("command", ["pause", "resume", "resetcircuit"])
def test_an_unknown_channel_is_said_by_name(command: str) -> None:
    with pytest.raises(CommandError, match="There is no channel nobody here"):
        call_command(command, "nobody")

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from simulator import DEMO_CHANNEL, MARATHON_CHANNEL
from simulator.running import Handle
from vods.channels import NotALogin, ensure_channels, parse_login
from vods.models import Channel

pytestmark = pytest.mark.django_db(transaction=True)


def run(*args: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command(*args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "pixel_pia",
        "Pixel_Pia",
        " @pixel_pia ",
        "https://www.twitch.tv/pixel_pia",
        "http://twitch.tv/Pixel_Pia/",
        "m.twitch.tv/pixel_pia?lang=de",
        "https://www.twitch.tv/pixel_pia/videos",
    ],
)
def test_a_name_or_an_address_is_understood(text: str) -> None:
    assert parse_login(text) == "pixel_pia"


@pytest.mark.parametrize(
    "text",
    ["", "a b", "x" * 26, "ä", "https://youtube.com/pia", "https://www.twitch.tv/videos/123", "../etc", "pia;rm", "-x"],
)
def test_anything_else_is_refused_in_words(text: str) -> None:
    with pytest.raises(NotALogin, match="is no Twitch channel"):
        parse_login(text)


def test_addchannel_adds_once(simulator: Handle) -> None:
    assert run("addchannel", f"https://www.twitch.tv/{DEMO_CHANNEL}")[0] == "The channel pixel_pia was added.\n"
    assert "is there already" in run("addchannel", DEMO_CHANNEL.upper())[0]
    assert Channel.objects.get().display_name == "PixelPia"


def test_addchannel_refuses_a_channel_that_does_not_exist(simulator: Handle) -> None:
    with pytest.raises(CommandError, match="There is no Twitch channel named nobody_at_all"):
        run("addchannel", "nobody_at_all")
    assert not Channel.objects.exists()


def test_addchannel_without_credentials_adds_and_says_that_it_did_not_ask(settings: Any) -> None:
    settings.TWITCH_CLIENT_ID = ""
    out, err = run("addchannel", "somebody")
    assert "was added" in out
    assert "not checked" in err


def test_addchannel_with_wrong_credentials_names_them(simulator: Handle, settings: Any) -> None:
    settings.TWITCH_CLIENT_SECRET = "wrong"
    with pytest.raises(CommandError, match="TWITCH_CLIENT_SECRET"):
        run("addchannel", DEMO_CHANNEL)


def test_channels_of_the_environment_are_added_and_a_bad_one_is_left_out(
    settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.TWITCH_CHANNELS = ["pia", "no channel", "quinn"]
    assert [channel.login for channel in ensure_channels()] == ["pia", "quinn"]
    assert "'no channel' is no Twitch channel" in caplog.text
    assert ensure_channels() == []


def test_discover_prints_what_each_channel_brought(simulator: Handle) -> None:
    Channel.objects.create(login=MARATHON_CHANNEL)
    out, _ = run("discover", MARATHON_CHANNEL, "--full")
    assert out == "marathon_mia: 250 VODs seen, 3 new ones queued, 247 new ones ignored.\n"


def test_discover_says_what_is_wrong(simulator: Handle, settings: Any) -> None:
    with pytest.raises(CommandError, match="There is no channel yet"):
        run("discover")
    with pytest.raises(CommandError, match="is not among the channels"):
        run("discover", "somebody")
    Channel.objects.create(login="nobody_at_all")
    with pytest.raises(CommandError, match="Not every channel"):
        run("discover")
    settings.TWITCH_CLIENT_SECRET = ""
    with pytest.raises(CommandError, match="TWITCH_CLIENT_SECRET is not set"):
        run("discover")


@pytest.mark.parametrize("command", ["addchannel", "discover", "importtoken"])
def test_help_teaches_with_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command(command, "--help")
    assert f"examples:\n  manage.py {command}" in capsys.readouterr().out

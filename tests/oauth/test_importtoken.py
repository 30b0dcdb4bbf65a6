from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from oauth import tokens
from oauth.crypto import unseal
from oauth.models import Token
from oauth.providers import Grant
from simulator.running import Handle

pytestmark = pytest.mark.django_db(transaction=True)


def run(*args: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    call_command("importtoken", *args, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


@pytest.fixture
def google(simulator: Handle) -> dict[str, Any]:
    file: dict[str, Any] = json.loads((simulator.state_dir / "youtube-token.json").read_text())
    return file


def test_googles_file_connects_the_account_and_names_it(simulator: Handle, google: dict[str, Any]) -> None:
    out, err = run("youtube", str(simulator.state_dir / "youtube-token.json"))
    assert out == "The YouTube account Pixel Pia Archive is connected.\n"
    assert err == ""
    token = Token.objects.get()
    assert unseal(token.refresh_token) == google["refresh_token"]
    assert google["refresh_token"] not in token.refresh_token
    assert "youtube.upload" in token.scopes


def test_a_token_response_connects_twitch(simulator: Handle) -> None:
    path = simulator.state_dir / "twitch-token.json"
    out, _ = run("twitch", str(path))
    assert out == "The Twitch account pixel_pia is connected.\n"
    rotated = unseal(Token.objects.get().refresh_token)
    path.write_text(json.dumps(json.loads(path.read_text()) | {"refresh_token": rotated}))


def test_it_reads_standard_input(simulator: Handle, google: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    response = {"access_token": "a", "refresh_token": google["refresh_token"], "expires_in": 3599, "scope": "x y"}
    content = io.BytesIO(json.dumps(response).encode())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
    assert "is connected" in run("youtube", "-")[0]


def test_without_our_client_the_token_is_kept_and_the_doubt_is_said(
    tmp_path: Path, settings: Any, google: dict[str, Any]
) -> None:
    settings.YT_CLIENT_ID = ""
    path = tmp_path / "token.json"
    path.write_text(json.dumps(google))
    out, err = run("youtube", str(path))
    assert "is connected" in out
    assert "YT_CLIENT_ID is not set" in err


BAD = {
    "empty": (b"", "is empty"),
    "blank": (b" \n", "is empty"),
    "no JSON": (b"hello", "is not JSON"),
    "cut": (b'{"refresh_token": "1//', "is not JSON"),
    "list": (b"[1]", "no object"),
    "text": (b'"1//x"', "no object"),
    "binary": (b"\xff\xfe\x00\x80", "is not text"),
    "huge": (b" " * 70000 + b"x", "larger than"),
    "deep": (b"[" * 60000, "is not JSON"),
    "no refresh token": (b'{"access_token": "a"}', 'no "refresh_token"'),
    "empty refresh token": (b'{"refresh_token": ""}', 'no "refresh_token"'),
    "wrong type": (b'{"refresh_token": 5}', "should be a text"),
    "wrong access": (b'{"refresh_token": "x", "access_token": []}', "should be a text"),
    "odd access": ('{"refresh_token": "x", "access_token": "s3cret-é"}'.encode(), "no token has"),
    "two lines": (b'{"refresh_token": "s3cret-\\nx"}', "no token has"),
    "client secret": (b'{"installed": {"client_id": "x"}}', "client secret file"),
    "refused": (b'{"refresh_token": "s3cret-but-unknown"}', "Please reconnect"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gets_one_sentence_and_the_old_token_stays(tmp_path: Path, simulator: Handle, name: str) -> None:
    tokens.store_token("youtube", Grant("old-access", "old-refresh", 3600))
    content, says = BAD[name]
    path = tmp_path / "token.json"
    path.write_bytes(content)
    with pytest.raises(CommandError) as caught:
        run("youtube", str(path))
    text = str(caught.value)
    assert says in text
    assert str(path) in text
    assert text.endswith("Nothing was changed.")
    assert "\n" not in text
    assert "s3cret" not in text
    assert unseal(Token.objects.get().refresh_token) == "old-refresh"
    assert tokens.connected("youtube")


def test_an_unreadable_file_says_why(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("youtube", str(tmp_path / "nowhere.json"))
    with pytest.raises(CommandError, match="cannot be read: Is a directory"):
        run("youtube", str(tmp_path))


def test_another_client_is_warned_about(tmp_path: Path, google: dict[str, Any], simulator: Handle) -> None:
    path = tmp_path / "token.json"
    path.write_text(json.dumps(google | {"client_id": "another"}))
    _, err = run("youtube", str(path))
    assert "another client than YT_CLIENT_ID" in err


def test_a_malformed_encryption_key_is_said(settings: Any, tmp_path: Path) -> None:
    settings.ENCRYPTION_KEYS = ["no-key"]
    with pytest.raises(CommandError, match="ENCRYPTION_KEY: key 1 of 1 is not a key"):
        run("youtube", str(tmp_path / "token.json"))

"""What a log line leaves out, what it leaves alone, and what can be no line or field of it."""

from __future__ import annotations

import json
import logging

import pytest
from django.conf import settings
from django.test import Client

from vodtender.telemetry.correlation import correlated
from vodtender.telemetry.logs import CorrelationFilter, JsonFormatter, TextFormatter, redacted

SECRETS = [
    "Authorization: Bearer s3cret",
    "Authorization: OAuth s3cret",
    "{'Authorization': 'Bearer s3cret', 'Client-Id': 'x'}",
    "[(b'authorization', b'Bearer s3cret'), (b'accept', b'*/*')]",
    "Proxy-Authorization: Basic s3cret",
    "Cookie: vodtender_session_8080=s3cret; other=s3cret",
    "{'cookie': 'vodtender_session_8080=s3cret; theme=dark', 'accept': '*/*'}",
    "Set-Cookie: sessionid=s3cret; Path=/; HttpOnly",
    "vodtender_session_8080=s3cret",
    "PASS oauth:s3cret",
    '{"access_token": "s3cret"}',
    r"{\"refresh_token\": \"s3cret\"}",
    "refresh_token=s3cret&x=1",
    "refresh_token: s3cret",
    "Tokens(access_token='s3cret', refresh_token='s3cret s3cret')",
    "('refresh_token', 's3cret')",
    "client_secret : 's3cret'",
    "body=b'grant_type=refresh_token&client_secret=s3cret&refresh_token=s3cret'",
    "access_token%3Ds3cret%26scope",
    "https://upload.example/?uploadType=resumable&upload_id=s3cret",
    "https://usher.ttvnw.net/vod/1.m3u8?sig=s3cret&token=%7B%22a%22%3A%22s3cret%22%7D&x=1",
    'https://usher.ttvnw.net/vod/1.m3u8?nauth={"s3cret":1}&nauthsig=s3cret',
    '{"value": "x", "signature": "s3cret"}',
    "https://pia.example/accounts/callback?code=s3cret&state=s3cret",
    "https://www.googleapis.com/youtube/v3/videos?key=s3cret",
    "postgres://vodtender:s3cret@db:5432/vodtender",
    "connection to postgres://vodtender:s3c@ret:s3cret@db/vodtender failed",
    "SECRET_KEY=s3cret",
    "ENCRYPTION_KEY='s3cret'",
    "ADMIN_PASSWORD=s3cret",
    "ya29.s3cret-and_more.x",
    "GOCSPX-s3cret",
]
PLAIN = [
    "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET are not set.",
    "ENCRYPTION_KEY: key 1 of 2 is not a key.",
    "Log in as admin, password: in /data/admin-password.",
    "The OAuth token of Twitch is renewed; no cookie, no secret: all is well (exit code=1).",
    "GET https://api.twitch.tv/helix/videos?user_id=1&first=100 answered 429",
    "Serving on http://127.0.0.1:8080.",
]
HOSTILE = [
    "x\n2026-01-01T00:00:00.000Z ERROR   vods corr=abc forged",
    "x\r\ncorr=abc forged",
    "x\x0b\x0c\x1c\x1d\x1e\x85\u2028corr=abc\u2029forged",
    "\x1b[2J\x1b]0;title\x07 red",
    "\u202eright to left\u2066",
    "half a pair \udc80",
    "nul \x00 and backspace \x08\x7f\x9b",
    '"}\n{"corr": "abc", "msg": "forged"}',
    '", "corr": "abc", "x": "',
    "a corr=abc b CORR=abc xcorr=abc",
    "INFO WARNING ERROR CRITICAL DEBUG",
    "%s %d %(corr)s {corr}",
]


def record_of(text: str, error: BaseException | None = None) -> logging.LogRecord:
    info = (type(error), error, error.__traceback__) if error is not None else None
    record = logging.LogRecord("chat.writer", logging.WARNING, __file__, 1, "said: %s", (text,), info)
    with correlated("the-real-id"):
        CorrelationFilter().filter(record)
    return record


def raised(text: str) -> BaseException:
    try:
        raise ValueError(text)
    except ValueError as error:
        return error


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_left_out(text: str) -> None:
    assert "s3c" not in redacted(text)


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_no_secret_stays(text: str) -> None:
    assert redacted(text) == text


@pytest.mark.parametrize("name", ["SECRET_KEY", "ENCRYPTION_KEYS"])
def test_a_configured_secret_is_left_out_wherever_it_occurs(name: str) -> None:
    value = getattr(settings, name)
    secret = value if isinstance(value, str) else value[0]
    assert secret not in redacted(f"a library says {secret}, bare")


@pytest.mark.parametrize("formatter", [TextFormatter(), JsonFormatter()])
def test_a_secret_in_a_traceback_is_left_out(formatter: logging.Formatter) -> None:
    assert "s3cret" not in formatter.format(record_of("x", raised("POST failed: client_secret=s3cret&x=1")))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_line_and_no_field_as_text(text: str) -> None:
    line = TextFormatter().format(record_of(text))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert line.lower().count("corr=") == 1
    assert " corr=the-real-id said: " in line
    assert [word for word in line.split() if word in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}] == ["WARNING"]


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_adds_no_line_and_no_field_as_json(text: str) -> None:
    line = JsonFormatter().format(record_of(text))
    assert len(line.splitlines()) == 1
    found = json.loads(line)
    assert list(found) == ["time", "level", "logger", "corr", "msg"]
    assert (found["level"], found["corr"]) == ("warning", "the-real-id")
    assert found["msg"].isprintable()


@pytest.mark.parametrize("text", HOSTILE)
def test_every_line_of_a_traceback_has_the_fields(text: str) -> None:
    lines = TextFormatter().format(record_of(text, raised(text))).split("\n")
    assert len(lines) == 5  # the message, "Traceback", a frame of two lines, the error
    for line in lines:
        assert line.isprintable()
        assert " WARNING chat.writer corr=the-real-id " in line
        assert line.lower().count("corr=") == 1


def test_every_control_character_is_written_out() -> None:
    text = "".join(map(chr, [*range(32), *range(127, 160), 0x2028, 0x2029, *range(0x202A, 0x202F), 0xFEFF, 0xD800]))
    line = TextFormatter().format(record_of(text))
    assert line.isprintable()
    assert all(f"\\x{number:02x}" in line for number in range(1, 9))


def test_an_ordinary_line_stays_readable() -> None:
    line = TextFormatter().format(record_of("Größe C:\\videos, “quoted”, 日本 🎉 key=value"))
    assert line.endswith(" WARNING chat.writer corr=the-real-id said: Größe C:\\videos, “quoted”, 日本 🎉 key=value")


def test_outside_of_requests_a_process_has_an_id() -> None:
    records = [logging.makeLogRecord({}) for _ in range(2)]
    assert all(CorrelationFilter().filter(record) for record in records)
    first, second = (record.corr for record in records)  # type: ignore[attr-defined]
    assert first == second
    assert len(first) == 32


@pytest.mark.django_db
def test_a_hostile_request_adds_no_line_and_no_field(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    hostile = {"X-Correlation-ID": "abc corr=forged", "User-Agent": '", "corr": "forged"', "Cookie": "a=b\x1b[31m"}
    with caplog.at_level(logging.WARNING):
        answer = client.get("/no-such-page/%0acorr=forged%20ERROR%20%1b[31m%e2%80%a8", headers=hostile)
    assert answer.status_code == 404
    (record,) = [record for record in caplog.records if record.name == "django.request"]
    CorrelationFilter().filter(record)
    assert record.corr == answer.headers["X-Correlation-ID"]  # type: ignore[attr-defined]
    assert "forged" not in record.corr  # type: ignore[attr-defined]
    text = TextFormatter().format(record)
    assert text.isprintable()
    assert text.count("corr=") == 1
    assert json.loads(JsonFormatter().format(record))["corr"] == record.corr  # type: ignore[attr-defined]


@pytest.mark.django_db
def test_another_host_name_is_one_warning_without_a_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert client.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400
    (record,) = [record for record in caplog.records if "evil.example" in record.getMessage()]
    assert record.levelname == "WARNING"
    assert record.exc_info is None
    assert "PUBLIC_URL" in record.getMessage()

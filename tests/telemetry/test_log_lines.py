"""What a log line leaves out, and what it leaves alone."""

from __future__ import annotations

import logging

import pytest
from django.test import Client

from vodtender.telemetry.logs import redacted


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer s3cret",
        "PASS oauth:s3cret",
        '{"access_token": "s3cret"}',
        "refresh_token=s3cret&x=1",
        "client_secret : 's3cret'",
        "https://upload.example/?upload_id=s3cret",
    ],
)
def test_a_secret_is_left_out(text: str) -> None:
    assert "s3cret" not in redacted(text)


def test_the_name_of_a_variable_is_no_secret() -> None:
    text = "TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET are not set."
    assert redacted(text) == text


@pytest.mark.django_db
def test_another_host_name_is_one_warning_without_a_traceback(client: Client, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        assert client.get("/accounts/login/", headers={"host": "evil.example"}).status_code == 400
    (record,) = [record for record in caplog.records if "evil.example" in record.getMessage()]
    assert record.levelname == "WARNING"
    assert record.exc_info is None
    assert "PUBLIC_URL" in record.getMessage()

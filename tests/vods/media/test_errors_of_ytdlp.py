"""The table from yt-dlp's errors to ours, with yt-dlp's own exception objects."""

from __future__ import annotations

import io
import json
from collections.abc import Callable

import pytest
from yt_dlp.networking.common import Response
from yt_dlp.networking.exceptions import CertificateVerifyError, HTTPError, ProxyError, SSLError, TransportError
from yt_dlp.utils import DownloadError, ExtractorError, UnsupportedError

from vods.ytdlp import resolution_error, resolve
from vods.ytdlp_errors import gql_error
from vodtender.http import ErrorKind, ServiceError

GQL = "https://gql.twitch.tv/gql"
USHER = "https://usher.ttvnw.net/vod/{vod}.m3u8"


def downloaded(error: BaseException) -> DownloadError:
    """The error as YoutubeDL raises it: wrapped, with the original in exc_info."""
    return DownloadError(f"ERROR: {error}", (type(error), error, None))


def status(code: int, url: str = USHER, vod: str = "1404500", **headers: str) -> DownloadError:
    """As yt-dlp raises a status: the message names VOD and status, the HTTPError is the cause and in exc_info."""
    head = {name.replace("_", "-"): value for name, value in headers.items()}
    http = HTTPError(Response(io.BytesIO(b"{}"), url.format(vod=vod), head, code))
    try:
        raise ExtractorError(
            f"Unable to download JSON metadata: HTTP Error {code}", cause=http, expected=True
        ) from http
    except ExtractorError as error:
        error.video_id, error.ie = vod, "twitch:vod"
        return DownloadError(f"ERROR: [twitch:vod] {vod}: {error}", (type(http), http, None))


def said(text: str, *, expected: bool = True, vod: str = "1404500") -> DownloadError:
    return downloaded(ExtractorError(text, expected=expected, video_id=vod, ie="twitch:vod"))


def usher_403(text: str) -> DownloadError:
    """A refusal with a reason, raised by yt-dlp while it handles usher's 403."""
    http = HTTPError(Response(io.BytesIO(b"[]"), USHER.format(vod="1"), {"Content-Type": "application/json"}, 403))
    try:
        try:
            raise ExtractorError("Unable to download m3u8", cause=http, expected=True)
        except ExtractorError:
            raise ExtractorError(text, expected=True) from None
    except ExtractorError as error:
        return downloaded(error)


CASES: dict[str, tuple[Callable[[], BaseException], ErrorKind]] = {
    "deleted": (lambda: said("Video 2600000500 does not exist"), ErrorKind.GONE),
    "deleted, the id holds 429 and 503": (lambda: said("Video 429503 does not exist", vod="429503"), ErrorKind.GONE),
    "usher 404": (lambda: status(404), ErrorKind.GONE),
    "usher 410": (lambda: status(410), ErrorKind.GONE),
    "subscribers only, anonymous": (
        lambda: usher_403(
            "You must be logged into an account that has access to this subscriber-only content. Use --x"
        ),
        ErrorKind.RESTRICTED,
    ),
    "subscribers only, with an account": (
        lambda: usher_403("Your account does not have access to this subscriber-only content"),
        ErrorKind.RESTRICTED,
    ),
    "another refusal": (lambda: usher_403("geo_restricted: Not available in your country"), ErrorKind.RESTRICTED),
    "usher 403 without a reason": (lambda: status(403), ErrorKind.RESTRICTED),
    "gql 500": (lambda: status(500, GQL), ErrorKind.TRANSIENT),
    "gql 503": (lambda: status(503, GQL), ErrorKind.TRANSIENT),
    "usher 502": (lambda: status(502), ErrorKind.TRANSIENT),
    "usher 502 for VOD 404": (lambda: status(502, vod="404"), ErrorKind.TRANSIENT),
    "usher 404 for VOD 500": (lambda: status(404, vod="500"), ErrorKind.GONE),
    "gql 429": (lambda: status(429, GQL, Retry_After="17"), ErrorKind.RATE_LIMITED),
    "usher 429 for VOD 404": (lambda: status(429, vod="404"), ErrorKind.RATE_LIMITED),
    "gql 400": (lambda: status(400, GQL), ErrorKind.OUTDATED_YTDLP),
    "gql 403": (lambda: status(403, GQL), ErrorKind.OUTDATED_YTDLP),
    "no connection": (lambda: downloaded(TransportError("refused")), ErrorKind.TRANSIENT),
    "no connection, as a cause": (
        lambda: downloaded(ExtractorError("Unable to download", cause=TransportError("x"), expected=True)),
        ErrorKind.TRANSIENT,
    ),
    "a proxy that refuses": (lambda: downloaded(ProxyError("Tunnel connection failed: 404")), ErrorKind.TRANSIENT),
    "a certificate": (lambda: downloaded(CertificateVerifyError("self-signed")), ErrorKind.TRANSIENT),
    "TLS": (lambda: downloaded(SSLError("EOF")), ErrorKind.TRANSIENT),
    "a time-out": (lambda: TimeoutError("timed out"), ErrorKind.TRANSIENT),
    "an answer of another shape": (
        lambda: downloaded(ExtractorError("An extractor error has occurred.", cause=KeyError("data"))),
        ErrorKind.OUTDATED_YTDLP,
    ),
    "no JSON": (lambda: said("Failed to parse JSON (caused by ...)", expected=False), ErrorKind.OUTDATED_YTDLP),
    "no formats": (lambda: said("No video formats found!", expected=False), ErrorKind.INVALID),
    "not a VOD's address": (
        lambda: downloaded(UnsupportedError("https://www.twitch.tv/404")),
        ErrorKind.INVALID,
    ),
    "our own mistake": (lambda: AttributeError("'NoneType' object has no attribute 'x'"), ErrorKind.BUG),
}


@pytest.mark.parametrize("name", CASES)
def test_every_error_has_a_kind_and_a_sentence(name: str) -> None:
    make, kind = CASES[name]
    meaning = resolution_error(make(), "2026.10.26")
    assert meaning.kind is kind, meaning.message
    assert meaning.message.endswith(".")
    assert "Traceback" not in meaning.message


def test_a_retry_after_is_passed_on() -> None:
    assert resolution_error(status(429, GQL, Retry_After="17")).retry_after == 17.0


def test_our_own_error_comes_back_as_it_is() -> None:
    own = ServiceError("Twitch", ErrorKind.QUOTA, "Full.")
    assert resolution_error(own) is own


def test_the_sentence_for_subscribers_says_what_to_do() -> None:
    text = resolution_error(usher_403("Your account does not have access to this subscriber-only content")).message
    assert text.startswith("This VOD is for subscribers only.")
    assert "requeue" in text


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ("PersistedQueryNotFound", ErrorKind.OUTDATED_YTDLP),
        ("failed integrity check", ErrorKind.OUTDATED_YTDLP),
        ("service timeout", ErrorKind.TRANSIENT),
        ("service error", ErrorKind.TRANSIENT),
    ],
)
def test_an_error_inside_an_answer_is_not_a_missing_video(message: str, kind: ErrorKind) -> None:
    meaning = gql_error([message], "2026.10.26")
    assert meaning is not None
    assert meaning.kind is kind


@pytest.mark.parametrize("vod", ["", "abc", "12a", "-1", "1" * 21, "12\n", "../etc", "https://evil", "١٢٣"])
def test_an_id_that_is_no_number_is_refused_before_anything_is_asked(vod: str) -> None:
    with pytest.raises(ServiceError, match="a number of at most 20 digits") as caught:
        resolve(vod)
    assert caught.value.kind is ErrorKind.INVALID


def test_the_sentences_are_plain_text() -> None:
    assert json.dumps([resolution_error(make()).message for make, _ in CASES.values()])

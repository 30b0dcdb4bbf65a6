"""What yt-dlp's errors mean: the one table from its exceptions to ours.

Statuses are read from the HTTPError inside, never from a message, and messages are matched as whole phrases of
yt-dlp's Twitch extractor, so a VOD id or a title that contains 404 or 500 fools nobody.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from urllib.parse import urlsplit

from yt_dlp.networking.exceptions import CertificateVerifyError, HTTPError, ProxyError, RequestError, SSLError
from yt_dlp.utils import ExtractorError, GeoRestrictedError, UnsupportedError

from vodtender.http import ErrorKind, ServiceError, retry_after_seconds

SERVICE = "Twitch"
_GONE = re.compile(r"Video \d+ does not exist\b")
_SUBSCRIBERS = re.compile(r"subscriber-only content\b")
_REFUSAL = re.compile(
    r"(?:\[twitch:vod\] v?\d+: )?([a-z]+(?:_[a-z]+)+)(?:: |$)"
)  # usher's error_code, e.g. geo_restricted
_NO_FORMATS = re.compile(r"No video formats found|Requested format is not available")
_OUTDATED_GQL = re.compile(r"PersistedQuery|integrity check|client-id", re.IGNORECASE)

_TEXTS = {
    "gone": "Twitch no longer has this VOD: it was deleted or has expired. Nothing can be downloaded.",
    "subscribers": "This VOD is for subscribers only. It is skipped; requeue it when it is open to everybody.",
    "outdated": "Twitch answered in a way that yt-dlp {version} does not know. Renew yt-dlp with `make upgrade-ytdlp`, "
    "then requeue the VOD.",
    "bug": "Looking up the VOD failed inside vod-tender ({what}). Please report it with the log of this attempt.",
}


def resolution_error(error: BaseException, version: str = "") -> ServiceError:
    """What an exception of yt-dlp means; `version` is yt-dlp's, for the text. A ServiceError comes back as it is."""
    chain = list(_chain(error))
    for found in chain:
        if isinstance(found, ServiceError):
            return found
    for rule in (_by_message, _by_status, _by_network):
        for found in chain:
            if (meaning := rule(found, version)) is not None:
                return meaning
    if any(isinstance(found, ExtractorError) for found in chain) or _in_an_extractor(error):
        return _outdated(version)
    return ServiceError(SERVICE, ErrorKind.BUG, _TEXTS["bug"].format(what=type(error).__name__))


def gql_error(messages: list[str], version: str) -> ServiceError | None:
    """What errors inside Twitch's GQL answers (status 200) mean; yt-dlp would say that the video does not exist."""
    if any(_OUTDATED_GQL.search(message) for message in messages):
        return _outdated(version)
    if messages:
        return _transient("Twitch answered with an error of its own")
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything that caused it, outermost first."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop(0)
        if not isinstance(current, BaseException) or id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        inner = getattr(current, "exc_info", None)
        waiting += [inner[1] if isinstance(inner, tuple) and len(inner) == 3 else None]
        waiting += [getattr(current, "cause", None), current.__cause__, current.__context__]


def _by_message(error: BaseException, _: str) -> ServiceError | None:
    if not isinstance(error, ExtractorError):
        return None
    text = error.orig_msg
    if _GONE.search(text):
        return ServiceError(SERVICE, ErrorKind.GONE, _TEXTS["gone"])
    if _SUBSCRIBERS.search(text):
        return ServiceError(SERVICE, ErrorKind.RESTRICTED, _TEXTS["subscribers"], status=403)
    if isinstance(error, UnsupportedError):
        return ServiceError(SERVICE, ErrorKind.INVALID, "This is not the address of a Twitch VOD. Check the VOD's id.")
    if _NO_FORMATS.search(text):
        return ServiceError(SERVICE, ErrorKind.INVALID, "Twitch offers no video for this VOD. Requeue it to try again.")
    if isinstance(error, GeoRestrictedError) or (error.expected and _REFUSAL.match(text)):
        code = _REFUSAL.match(text)
        return _restricted(code.group(1) if code else "geo_restricted")
    return None


def _by_status(error: BaseException, version: str) -> ServiceError | None:
    if not isinstance(error, HTTPError):
        return None
    status = error.status
    if status == 429:
        text = "Twitch says that we ask too often (429). The VOD is looked up again later by itself."
        wait = retry_after_seconds({"Retry-After": error.response.get_header("Retry-After") or ""})
        return ServiceError(SERVICE, ErrorKind.RATE_LIMITED, text, status=status, retry_after=wait)
    if status >= 500 or status == 408:
        return _transient(f"Twitch has trouble of its own ({status})", status)
    if urlsplit(error.response.url or "").hostname == "gql.twitch.tv":
        return _outdated(version, status)
    if status in {404, 410}:
        return ServiceError(SERVICE, ErrorKind.GONE, _TEXTS["gone"], status=status)
    if status in {401, 403, 451}:
        return _restricted(str(status), status)
    return None


def _by_network(error: BaseException, _: str) -> ServiceError | None:
    match error:
        case CertificateVerifyError():
            return _transient("Twitch's certificate could not be verified (check SSL_CERT_FILE and the clock)")
        case ProxyError():
            return _transient("The proxy did not connect us to Twitch (check HTTPS_PROXY)")
        case SSLError():
            return _transient("The TLS connection to Twitch failed")
        case RequestError() | OSError():
            return _transient("Twitch cannot be reached")
        case _:
            return None


def _transient(what: str, status: int | None = None) -> ServiceError:
    return ServiceError(SERVICE, ErrorKind.TRANSIENT, f"{what}. It is tried again by itself.", status=status)


def _restricted(code: str, status: int | None = 403) -> ServiceError:
    text = f"Twitch does not let us watch this VOD ({code}). It is skipped; requeue it when it is open to everybody."
    return ServiceError(SERVICE, ErrorKind.RESTRICTED, text, status=status)


def _outdated(version: str, status: int | None = None) -> ServiceError:
    text = _TEXTS["outdated"].format(version=version or "as installed")
    return ServiceError(SERVICE, ErrorKind.OUTDATED_YTDLP, text, status=status)


def _in_an_extractor(error: BaseException) -> bool:
    """Whether yt-dlp's extractor itself stumbled, which a changed answer of Twitch makes it do."""
    frames = traceback.extract_tb(error.__traceback__)
    return any("/yt_dlp/extractor/" in frame.filename for frame in frames)

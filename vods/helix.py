"""Twitch's Helix API: users, videos and streams, typed. No database here.

Source: https://dev.twitch.tv/docs/api/reference/. Every call carries a bearer token and Client-Id; /videos takes
exactly one of id and user_id; lists hold at most 100; 429 names the second at which asking is welcome again
(Ratelimit-Reset).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx

from oauth.providers import TokenSource
from vods.helixparse import HelixStream, HelixUser, HelixVideo, Unusable, stream, user, video
from vodtender.http import Client, ErrorKind, ServiceError, backoff_seconds
from vodtender.telemetry import tracing

__all__ = ["CursorRefused", "Helix", "HelixStream", "HelixUser", "HelixVideo", "VideoPage"]

API = "https://api.twitch.tv/helix"
MOST_PER_CALL = 100
LONGEST_WAIT_SECONDS = 65.0  # the bucket of 800 points is full again after a minute
_TRIES = 4

T = TypeVar("T")
OnCall = Callable[[str, str], None]


class CursorRefused(ServiceError):
    """Twitch does not know the cursor (any more): begin at the first page."""


@dataclass(frozen=True)
class VideoPage:
    """`cursor` is empty on the last page. `unusable`: a sentence for each entry that could not be understood."""

    videos: tuple[HelixVideo, ...]
    cursor: str
    unusable: tuple[str, ...] = ()


class Helix:
    """`on_call` is told the endpoint (users, videos, streams) and the status of every single request.

    All calls raise ServiceError: AUTH, RATE_LIMITED, TRANSIENT, or INVALID for an answer that is none.
    """

    def __init__(
        self,
        token_source: TokenSource,
        client_id: str,
        on_call: OnCall,
        *,
        longest_wait: float = LONGEST_WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._tokens = token_source
        self._client_id = client_id
        self._on_call = on_call
        self._longest_wait = longest_wait
        self._sleep = sleep
        self._client = Client("Twitch", tries=1)

    def __enter__(self) -> Helix:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def users(self, *, logins: Sequence[str] = (), ids: Sequence[str] = ()) -> list[HelixUser]:
        """Those that exist, in no special order."""
        bodies = [self._get("users", part) for part in _parts(logins=logins, ids=ids)]
        return [_strict("users", user, row) for body in bodies for row in _rows("users", body)]

    def streams(self, logins: Sequence[str]) -> list[HelixStream]:
        """The broadcasts that run now, of these logins."""
        found = []
        for part in _parts(user_logins=logins):
            body = self._get("streams", [*part, ("first", str(MOST_PER_CALL))])
            found += [_strict("streams", stream, row) for row in _rows("streams", body)]
        return found

    def videos(self, user_id: str, after: str = "", first: int = MOST_PER_CALL, type: str = "archive") -> VideoPage:
        """One page, newest first. Raises CursorRefused when `after` is not (or no longer) known."""
        query = [("user_id", user_id), ("type", type), ("first", str(first))]
        try:
            body = self._get("videos", [*query, ("after", after)] if after else query)
        except ServiceError as error:
            if after and error.status == 400:
                raise CursorRefused("Twitch", ErrorKind.INVALID, error.message, status=400) from None
            raise
        pagination = body.get("pagination")
        cursor = pagination.get("cursor") if isinstance(pagination, dict) else ""
        return _page(_rows("videos", body), cursor if isinstance(cursor, str) else "")

    def videos_by_id(self, ids: Sequence[str]) -> VideoPage:
        """Those that Twitch still has."""
        rows: list[Any] = []
        for part in _parts(ids=ids):
            try:
                rows += _rows("videos", self._get("videos", part))
            except ServiceError as error:
                if error.status != 404:  # none of them exists
                    raise
        return _page(rows, "")

    def _get(self, endpoint: str, query: list[tuple[str, str]]) -> dict[str, Any]:
        response = self._answer(endpoint, query)
        if response.status_code != 200:
            raise _refusal(endpoint, response)
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise _odd(endpoint, "it is no JSON object")
        return body

    def _answer(self, endpoint: str, query: list[tuple[str, str]]) -> httpx.Response:
        """The answer after waits for 429 and 5xx, and with a renewed token after the first 401."""
        token, renewed = self._tokens.token(), False
        attempt = 1
        while True:
            try:
                response = self._request(endpoint, query, token)
            except ServiceError as error:
                wait = backoff_seconds(attempt, 0.5) if error.retry_after is None else max(error.retry_after, 0.1)
                if attempt == _TRIES or wait > self._longest_wait:
                    raise
                self._sleep(wait)
                attempt += 1
                continue
            if response.status_code != 401 or renewed:
                return response
            token, renewed = self._tokens.renewed(token), True

    def _request(self, endpoint: str, query: list[tuple[str, str]], token: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {token}", "Client-Id": self._client_id}
        status = "error"
        with tracing.span("helix", {"helix.endpoint": endpoint}) as span:
            try:
                response = self._client.request("GET", f"{API}/{endpoint}", params=query, headers=headers)
                status = str(response.status_code)
            except ServiceError as error:
                status = str(error.status or "error")
                raise
            finally:
                span.tell({"helix.status": status})
                self._on_call(endpoint, status)
            if response.status_code != 200:
                span.fail(f"http_{status}")
        return response


def _parts(**lists: Sequence[str]) -> Iterator[list[tuple[str, str]]]:
    """Query parameters for at most 100 names each: logins → login, ids → id, user_logins → user_login."""
    for plural, values in lists.items():
        unique = list(dict.fromkeys(values))
        for start in range(0, len(unique), MOST_PER_CALL):
            yield [(plural.removesuffix("s"), value) for value in unique[start : start + MOST_PER_CALL]]


def _page(rows: Iterable[Any], cursor: str) -> VideoPage:
    videos, unusable = [], []
    for row in rows:
        try:
            videos.append(video(row))
        except Unusable as error:
            unusable.append(str(error))
    return VideoPage(tuple(videos), cursor, tuple(unusable))


def _rows(endpoint: str, body: dict[str, Any]) -> list[Any]:
    rows = body.get("data")
    if not isinstance(rows, list):
        raise _odd(endpoint, 'it holds no list "data"')
    return rows


def _strict(endpoint: str, parse: Callable[[Any], T], row: Any) -> T:
    try:
        return parse(row)
    except Unusable as error:
        raise _odd(endpoint, str(error)) from None


def _refusal(endpoint: str, response: httpx.Response) -> ServiceError:
    status = response.status_code
    if status in {401, 403}:
        text = (
            f"Twitch refused the call to /{endpoint} ({status}): check TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET, "
            "then restart."
        )
        return ServiceError("Twitch", ErrorKind.AUTH, text, status=status)
    text = f"Twitch refused the call to /{endpoint} ({status})."
    return ServiceError("Twitch", ErrorKind.INVALID, text, status=status)


def _odd(endpoint: str, what: str) -> ServiceError:
    text = f"Twitch's answer to /{endpoint} cannot be understood: {what}. A newer vod-tender may know it."
    return ServiceError("Twitch", ErrorKind.INVALID, text)

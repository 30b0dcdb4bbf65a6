from __future__ import annotations

import json
import threading
from typing import Any

import httplib2
import pytest

from vods import youtube
from vods.youtubehttp import Transport
from vodtender.http import ErrorKind, ServiceError

URL = "https://www.twitch.tv/videos/2600000500"
CHANNELS = {"items": [{"contentDetails": {"relatedPlaylists": {"uploads": "UU1"}}}]}


class Fixed:
    def token(self) -> str:
        return "ya29.fixed"

    def renewed(self, stale: str) -> str:
        return stale


def item(video_id: str, description: str) -> dict[str, Any]:
    return {"snippet": {"description": description, "resourceId": {"videoId": video_id}}}


def found(monkeypatch: pytest.MonkeyPatch, *answers: tuple[int, Any]) -> str:
    left = list(answers)

    def request(self: Transport, uri: str, method: str, **_: Any) -> tuple[httplib2.Response, bytes]:
        status, body = left.pop(0)
        return httplib2.Response({"status": str(status)}), json.dumps(body).encode()

    monkeypatch.setattr(Transport, "request", request)
    return youtube.find_video(URL, Fixed(), threading.Event())


def test_a_video_that_names_the_vod_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    items = [item("other", f"{URL}1"), item("mine", f"Channel: Pia\n{URL}")]
    assert found(monkeypatch, (200, CHANNELS), (200, {"items": items})) == "mine"


@pytest.mark.parametrize(
    "answers",
    [
        [(403, {"error": {"message": "no", "errors": [{"reason": "insufficientPermissions"}]}})],
        [(200, {"items": [{"id": "x"}]})],
        [(200, {})],
        [(200, CHANNELS), (404, {})],
        [(200, CHANNELS), (200, {"items": [item("other", "")]})],
    ],
)
def test_what_cannot_be_asked_or_is_not_there_is_not_found(
    monkeypatch: pytest.MonkeyPatch, answers: list[tuple[int, Any]]
) -> None:
    assert found(monkeypatch, *answers) == ""


def test_trouble_that_may_pass_is_not_taken_for_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ServiceError) as caught:
        found(monkeypatch, (503, {}))
    assert caught.value.kind is ErrorKind.TRANSIENT

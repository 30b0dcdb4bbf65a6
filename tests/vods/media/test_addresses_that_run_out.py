"""A playlist or its address that changes on the way costs nothing that is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from http.server import BaseHTTPRequestHandler

import pytest
from media_server import SECONDS, VideoServer, packets, reply, run

from vods.mediafile import Job, StillGrowing
from vodtender.http import ErrorKind, ServiceError


@dataclass
class Tokens:
    """Makes a server ask for the newest token, and gives it out as `Job.renew`. `lasts`: answers before it is void."""

    server: VideoServer
    lasts: int
    given: int = 0
    left: int = 0

    def __post_init__(self) -> None:
        self.left = self.lasts
        for name in self.server.video.files:
            self.server.faults[name] = self.answer

    def renew(self) -> tuple[str, Mapping[str, str]]:
        self.given += 1
        self.left = self.lasts
        return f"{self.server.url}?token={self.given}", {"X-Token": str(self.given)}

    def answer(self, request: BaseHTTPRequestHandler, own: bytes) -> None:
        good = request.headers.get("X-Token", "0") == str(self.given) and self.left > 0
        self.left -= good
        reply(200 if good else 403)(request, own)


def test_a_token_that_runs_out_is_renewed_in_the_same_attempt(job: Job, server: VideoServer) -> None:
    tokens = Tokens(server, lasts=9)
    media = run(replace(job, renew=tokens.renew, connections=2))
    assert tokens.given in {1, 2}
    assert packets(media.path)["video"] == SECONDS * 25
    assert media.gaps == ()


def test_it_is_renewed_at_most_twice(job: Job, server: VideoServer) -> None:
    tokens = Tokens(server, lasts=3)
    with pytest.raises(ServiceError, match="playlist is gone") as caught:
        run(replace(job, renew=tokens.renew, connections=1, most_connections=1))
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert tokens.given == 2
    server.faults.clear()
    assert run(job).segments_resumed == 6


def test_without_a_way_to_renew_it_is_tried_again_later(job: Job, server: VideoServer) -> None:
    Tokens(server, lasts=6)
    with pytest.raises(ServiceError, match="playlist is gone") as caught:
        run(replace(job, connections=1, most_connections=1))
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_segments_that_are_refused_although_the_playlist_answers(job: Job, server: VideoServer) -> None:
    tokens = Tokens(server, lasts=6)
    server.faults["index.m3u8"] = reply(200)
    assert packets(run(replace(job, renew=tokens.renew, connections=2)).path)["video"] == SECONDS * 25


def test_a_segment_that_is_gone_for_good_stays_missing_with_a_fresh_address(job: Job, server: VideoServer) -> None:
    given: list[int] = []

    def renew() -> tuple[str, Mapping[str, str]]:
        given.append(1)
        return server.url, {}

    server.faults["5.ts"] = reply(403)
    with pytest.raises(ServiceError) as caught:
        run(replace(job, renew=renew))
    assert caught.value.kind is ErrorKind.MISSING_SEGMENT
    assert len(given) == 1
    assert [gap.index for gap in run(replace(job, renew=renew, accept_gap=True)).gaps] == [5]


def test_what_renewing_raises_ends_the_download(job: Job, server: VideoServer) -> None:
    def renew() -> tuple[str, Mapping[str, str]]:
        raise ServiceError("Twitch", ErrorKind.GONE, "Twitch no longer has this VOD.")

    server.faults["index.m3u8"] = reply(403)
    with pytest.raises(ServiceError, match="no longer has this VOD"):
        run(replace(job, renew=renew))


def test_another_quality_is_never_mixed_in(job: Job, server: VideoServer) -> None:
    """The names of segments are the same in each quality; their folder tells them apart."""
    server.faults |= {"5.ts": reply(403)}
    other = server.url.replace("/chunked/", "/480p30/")
    with pytest.raises(ServiceError, match="changed the VOD's playlist") as caught:
        run(replace(job, renew=lambda: (other, {})))
    assert caught.value.kind is ErrorKind.TRANSIENT


@pytest.fixture
def names(server: VideoServer) -> Callable[[Callable[[str], str]], None]:
    """Changes the playlist after it was read once."""

    def change(how: Callable[[str], str]) -> None:
        new = how(server.video.files["index.m3u8"].decode()).encode()
        server.faults["index.m3u8"] = [reply(200), *[reply(200, new)] * 9]

    return change


def test_names_that_change_on_the_way_are_followed(
    job: Job, server: VideoServer, names: Callable[[Callable[[str], str]], None]
) -> None:
    files = server.video.files
    server.video = replace(server.video, files=files | {"new-7.ts": files["7.ts"]})
    server.faults["7.ts"] = reply(404)
    names(lambda text: text.replace("\n7.ts", "\nnew-7.ts"))
    assert packets(run(job).path)["video"] == SECONDS * 25


def test_names_that_change_under_what_is_here_begin_anew(
    job: Job, server: VideoServer, names: Callable[[Callable[[str], str]], None]
) -> None:
    server.faults["7.ts"] = reply(404)
    names(lambda text: text.replace("\n0.ts", "\nnew-0.ts"))
    with pytest.raises(ServiceError, match="changed the VOD's playlist") as caught:
        run(job)
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_a_vod_that_was_longer_after_its_end_is_taken_further(job: Job, server: VideoServer) -> None:
    """The broadcast had just ended at the first try: its playlist was short."""
    full = server.video
    lines = full.files["index.m3u8"].decode().splitlines()
    server.video = replace(full, files=full.files | {"index.m3u8": "\n".join([*lines[:-7], lines[-1]]).encode()})
    with pytest.raises(ServiceError, match="may still be being processed"):
        run(job)
    server.faults["7.ts"] = reply(404)
    with pytest.raises(ServiceError, match="Segment 7"):
        run(replace(job, expected_duration=None))
    server.faults.clear()
    server.video = full
    media = run(job)
    assert (media.segments, media.segments_resumed) == (SECONDS, 7)


def test_a_playlist_without_an_end_is_a_broadcast_that_runs(job: Job, server: VideoServer) -> None:
    text = server.video.files["index.m3u8"].replace(b"#EXT-X-ENDLIST", b"")
    server.video = replace(server.video, files=server.video.files | {"index.m3u8": text})
    with pytest.raises(StillGrowing) as caught:
        run(job)
    assert caught.value.kind is ErrorKind.TRANSIENT

"""What may pass is tried again; what is missing is said by name; nothing incomplete gets through."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from media_server import (
    FAST,
    SECONDS,
    Fault,
    Video,
    VideoServer,
    drip,
    hang,
    job_for,
    packets,
    reply,
    reset,
    run,
    truncated,
)

from vods.mediafile import Job
from vodtender.http import ErrorKind, ServiceError

PASSING: dict[str, Callable[[VideoServer], Fault]] = {
    "503": lambda _: reply(503),
    "500": lambda _: reply(500),
    "429 with Retry-After": lambda _: reply(429, Retry_After="1"),
    "429 without": lambda _: reply(429),
    "a truncated body": lambda _: truncated,
    "a reset": lambda _: reset,
    "an empty body": lambda _: reply(200, b""),
    "a page of HTML": lambda _: reply(200, b"<html>busy</html>"),
    "404 once": lambda _: reply(404),
    "a slow drip": drip,
    "a hanging body": hang,
}


@pytest.mark.parametrize("name", PASSING)
def test_what_passes_is_tried_again(job: Job, server: VideoServer, name: str) -> None:
    server.faults["3.ts"] = [PASSING[name](server)]
    assert packets(run(job).path)["video"] == SECONDS * 25
    assert server.counts["3.ts"] == 2
    assert sum(server.counts.values()) == SECONDS + 2


def test_a_redirect_is_followed(job: Job, server: VideoServer) -> None:
    server.faults["3.ts"] = [reply(302, Location="/elsewhere/3.ts")]
    assert packets(run(job).path)["video"] == SECONDS * 25


@pytest.mark.parametrize("status", [403, 404, 410])
def test_a_missing_segment_is_named_with_its_place(job: Job, server: VideoServer, status: int) -> None:
    server.faults["5.ts"] = reply(status)
    with pytest.raises(ServiceError) as caught:
        run(job)
    assert caught.value.kind is ErrorKind.MISSING_SEGMENT
    assert "Segment 5 (at 0:00:05 in the video" in caught.value.message
    assert server.counts["5.ts"] == FAST.missing_tries
    assert not job.target.exists()


def test_the_next_try_goes_on_before_the_missing_segment(job: Job, server: VideoServer) -> None:
    server.faults["5.ts"] = reply(404)
    with pytest.raises(ServiceError):
        run(job)
    server.faults.clear()
    server.asked.clear()
    media = run(job)
    assert media.segments_resumed == 5
    assert not {f"{i}.ts" for i in range(5)} & set(server.asked)


def test_an_accepted_gap_is_recorded_and_keeps_the_timeline(job: Job, server: VideoServer) -> None:
    server.faults["5.ts"] = server.faults["6.ts"] = reply(404)
    media = run(replace(job, accept_gap=True))
    assert [(gap.index, gap.start) for gap in media.gaps] == [(5, pytest.approx(5)), (6, pytest.approx(6))]
    assert media.segments == SECONDS - 2
    assert media.duration == pytest.approx(SECONDS, abs=0.2)


@pytest.mark.parametrize("lost", [0, SECONDS - 1])
def test_a_gap_at_either_end_may_be_accepted(job: Job, server: VideoServer, lost: int) -> None:
    server.faults[f"{lost}.ts"] = reply(404)
    media = run(replace(job, accept_gap=True))
    assert [gap.index for gap in media.gaps] == [lost]


def test_an_accepted_gap_is_fetched_when_it_is_no_longer_accepted(job: Job, server: VideoServer) -> None:
    server.faults |= {"5.ts": reply(404), "8.ts": reply(500)}
    with pytest.raises(ServiceError, match="Segment 8"):
        run(replace(job, accept_gap=True))
    server.faults.clear()
    assert run(job).gaps == ()


def test_a_vod_of_nothing_but_gaps_is_not_a_video(job: Job, server: VideoServer) -> None:
    server.faults |= {name: reply(404) for name in server.video.segments}
    with pytest.raises(ServiceError) as caught:
        run(replace(job, accept_gap=True))
    assert caught.value.kind is ErrorKind.MISSING_SEGMENT


def test_a_vod_deleted_on_the_way_is_not_a_gap(job: Job, server: VideoServer) -> None:
    server.faults |= {name: reply(404) for name in server.video.segments}
    server.faults["index.m3u8"] = [reply(200), *[reply(404)] * 9]
    with pytest.raises(ServiceError, match="playlist is gone") as caught:
        run(replace(job, accept_gap=True))
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_too_many_requests_for_too_long_gives_the_time_on(job: Job, server: VideoServer) -> None:
    server.faults["3.ts"] = reply(429, Retry_After="3600")
    with pytest.raises(ServiceError) as caught:
        run(job)
    assert (caught.value.kind, caught.value.retry_after) == (ErrorKind.RATE_LIMITED, 3600.0)


def test_a_playlist_shorter_than_the_vod_is_not_believed(job: Job) -> None:
    with pytest.raises(ServiceError, match="may still be being processed"):
        run(replace(job, expected_duration=SECONDS + 5.0))


def test_segments_from_the_middle_of_another_time_are_found_out(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Job
) -> None:
    wrong = Video(video.files | {"4.ts": video.files["9.ts"]})
    server = serve(wrong)
    job = job_for(server, tmp_path)  # type: ignore[arg-type]
    kinds = []
    for _ in range(2):
        with pytest.raises(ServiceError, match="failed its check") as caught:
            run(job)
        kinds.append(caught.value.kind)
    assert kinds == [ErrorKind.TRANSIENT, ErrorKind.INVALID]
    assert not job.target.exists()
    wrong.files.update(video.files)
    assert packets(run(job).path)["video"] == SECONDS * 25

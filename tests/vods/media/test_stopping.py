"""The stop event ends a download within five seconds, whatever the server does, and nothing is lost."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import FAST, SECONDS, Video, VideoServer, hang, job_for, packets, run

from vods.mediafile import Job, Progress, Stopped, take
from vods.segments import Patience

OURS = ("segment-", "stop-watcher", "remux-", "ffmpeg-", "sha256")


def stopped_after(job: Job, condition: Callable[[Progress], bool]) -> float:
    """Take the job, set the stop event when the condition holds, and give the seconds it took to stop."""
    stop, begun = threading.Event(), 0.0

    def report(progress: Progress) -> None:
        nonlocal begun
        if condition(progress) and not stop.is_set():
            begun = time.monotonic()
            stop.set()

    with pytest.raises(Stopped):
        take(job, on_progress=report, stop=stop, may_publish=lambda: True)
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(OURS)]
    return time.monotonic() - begun


def test_what_was_fetched_is_kept(job: Job, server: VideoServer) -> None:
    server.delay = 0.3
    assert stopped_after(replace(job, connections=2), lambda progress: progress.segments_done >= 3) < 5
    before = set(server.asked)
    server.asked.clear()
    server.delay = 0.0
    media = run(job)
    assert media.segments_resumed >= 3
    again = before & set(server.asked) - {"index.m3u8"}
    assert len(again) <= SECONDS - media.segments_resumed
    assert not {f"{i}.ts" for i in range(media.segments_resumed)} & set(server.asked)
    assert packets(media.path)["video"] == SECONDS * 25


def test_a_server_that_hangs_does_not_hold_it(job: Job, server: VideoServer) -> None:
    patient = Patience(read_seconds=60, slow_seconds=60)
    server.faults |= {name: hang(server) for name in server.video.segments[2:]}
    assert stopped_after(replace(job, patience=patient), lambda _: True) < 5


def test_a_server_that_never_answers_does_not_hold_it(job: Job, server: VideoServer) -> None:
    server.delay = 60
    patient = Patience(read_seconds=60, slow_seconds=60)
    assert stopped_after(replace(job, patience=patient), lambda _: True) < 5


def test_a_hanging_playlist_does_not_hold_it(job: Job, server: VideoServer) -> None:
    server.faults["index.m3u8"] = hang(server)
    stop = threading.Event()
    timer = threading.Timer(0.3, stop.set)
    timer.start()
    begun = time.monotonic()
    with pytest.raises(Stopped):
        take(
            replace(job, patience=Patience(read_seconds=60)),
            on_progress=lambda _: None,
            stop=stop,
            may_publish=lambda: True,
        )
    timer.join()
    assert time.monotonic() - begun < 5


def test_a_slow_rate_limit_does_not_hold_it(job: Job) -> None:
    assert stopped_after(replace(job, rate_limit=1000), lambda _: True) < 5


def test_who_may_not_publish_does_not(job: Job, server: VideoServer) -> None:
    with pytest.raises(Stopped):
        take(job, on_progress=lambda _: None, stop=threading.Event(), may_publish=lambda: False)
    assert not job.target.exists()
    server.asked.clear()
    assert packets(run(job).path)["video"] == SECONDS * 25
    assert server.asked == []


def test_a_stop_before_the_start_fetches_nothing(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Path
) -> None:
    server = serve(video)
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        take(job_for(server, tmp_path, patience=FAST), on_progress=lambda _: None, stop=stop, may_publish=lambda: True)
    assert len(server.asked) <= 1

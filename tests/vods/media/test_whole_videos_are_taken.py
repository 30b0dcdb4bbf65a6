"""A VOD that is all there becomes one exact file."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import SECONDS, Video, VideoServer, job_for, packets, run

from vods.mediafile import Job, Progress, discard, take
from vods.worklock import work_lock
from vodtender.http import ErrorKind, ServiceError


def test_every_packet_arrives_and_the_hash_is_the_files(job: Job, server: VideoServer) -> None:
    seen: list[Progress] = []
    media = run(job, seen)
    assert packets(media.path) == {"video": SECONDS * 25, "audio": pytest.approx(SECONDS * 44100 / 1024, abs=2)}
    assert media.sha256 == hashlib.sha256(media.path.read_bytes()).hexdigest()
    assert (media.size, media.segments, media.gaps) == (media.path.stat().st_size, SECONDS, ())
    assert media.duration == pytest.approx(SECONDS, abs=0.2)
    assert seen[0].segments_done == 0
    assert (seen[-1].segments_done, seen[-1].segments_total) == (SECONDS, SECONDS)
    assert (
        seen[-1].bytes_done
        == seen[-1].bytes_total
        == sum(len(server.video.files[name]) for name in server.video.segments)
    )
    assert max(server.counts.values()) == 1


def test_progress_tells_of_every_segment_also_when_many_come_at_once(job: Job) -> None:
    seen: list[Progress] = []
    run(job, seen)
    assert [progress.segments_done for progress in seen[1:-1]] == list(range(1, SECONDS + 1))


def test_only_what_recalls_the_file_is_left_behind(job: Job) -> None:
    run(job)
    assert {path.name for path in job.work_dir.iterdir()} == {"finished.json", "lock"}
    discard(job.work_dir)
    assert not job.work_dir.exists()
    assert job.target.exists()


def test_one_fragmented_init_section_is_enough(
    serve: Callable[[Video], VideoServer], fragmented: Video, tmp_path: Path
) -> None:
    media = run(job_for(serve(fragmented), tmp_path))
    assert packets(media.path)["video"] == SECONDS * 25


def test_a_finished_file_is_recognised_without_fetching(job: Job, server: VideoServer) -> None:
    first = run(job)
    server.asked.clear()
    assert run(job) == first
    assert server.asked == []


def test_a_crash_between_the_note_and_the_rename_costs_nothing(job: Job, server: VideoServer) -> None:
    first = run(job)
    job.target.rename(job.remuxed)
    server.asked.clear()
    assert run(job) == first
    assert server.asked == []
    assert job.target.exists()
    assert not job.remuxed.exists()


def test_another_file_in_the_targets_place_is_not_taken_for_it(job: Job, server: VideoServer) -> None:
    first = run(job)
    job.target.write_bytes(b"x" * first.size)
    assert run(job).sha256 == hashlib.sha256(job.target.read_bytes()).hexdigest()


def test_a_second_worker_is_kept_out(job: Job) -> None:
    with work_lock(job.work_dir), pytest.raises(ServiceError, match="Another process") as caught:
        run(job)
    assert caught.value.kind is ErrorKind.TRANSIENT


def test_no_thread_is_left(job: Job) -> None:
    run(job)
    ours = ("segment-", "stop-watcher", "remux-", "ffmpeg-", "sha256")
    assert not [thread.name for thread in threading.enumerate() if thread.name.startswith(ours)]


def test_the_rate_limit_holds_over_all_connections(job: Job, server: VideoServer) -> None:
    size = sum(len(server.video.files[name]) for name in server.video.segments)
    seen: list[float] = []
    begun = time.monotonic()
    take(
        replace(job, rate_limit=size // 2),
        on_progress=lambda _: seen.append(time.monotonic() - begun),
        stop=threading.Event(),
        may_publish=lambda: True,
    )
    assert 1.2 < seen[-1] < 4.0

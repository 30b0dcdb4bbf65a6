"""DOWNLOAD_RATE_LIMIT counts for all downloads of a host together, and a dead one takes nothing with it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import VideoServer, packets, run

from vods.mediafile import Job
from vods.ratelimit import NAME, SharedBucket, TokenBucket, bucket_for

RATE = 4_000_000
TAKER = """
import json, sys, time
from pathlib import Path
from vods.ratelimit import bucket_for
rate, folder, threads, seconds = json.loads(sys.argv[1])
bucket = bucket_for(rate, Path(folder))
import threading
taken = [0] * threads
print("ready", flush=True)
sys.stdin.readline()
end = time.monotonic() + seconds
def take(number):
    while time.monotonic() < end:
        chunk = bucket.chunk(1 << 18)
        time.sleep(bucket.delay(chunk))
        taken[number] += chunk * (time.monotonic() < end)
workers = [threading.Thread(target=take, args=(n,)) for n in range(threads)]
[worker.start() for worker in workers]
[worker.join() for worker in workers]
print(sum(taken), flush=True)
"""


def taker(folder: Path, *, threads: int = 4, seconds: float = 3.0, rate: int = RATE) -> subprocess.Popen[str]:
    facts = json.dumps([rate, str(folder), threads, seconds])
    root = Path(__file__).resolve().parents[3]
    child = subprocess.Popen(
        [sys.executable, "-c", TAKER, facts], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


def begin(child: subprocess.Popen[str]) -> None:
    assert child.stdin is not None
    child.stdin.write("go\n")
    child.stdin.flush()


def test_two_processes_together_stay_at_the_limit_and_share_it(tmp_path: Path) -> None:
    seconds = 3.0
    children = [taker(tmp_path, seconds=seconds) for _ in range(2)]
    for child in children:
        begin(child)
    taken = [int(child.communicate(timeout=60)[0]) for child in children]
    assert sum(taken) == pytest.approx(RATE * seconds, rel=0.15)
    assert min(taken) > 0.3 * sum(taken)


def test_a_holder_that_was_killed_stops_nobody(tmp_path: Path) -> None:
    dead = taker(tmp_path, threads=8, seconds=60.0)
    begin(dead)
    time.sleep(0.3)
    dead.kill()
    dead.communicate()
    alive = taker(tmp_path, seconds=2.0)
    begin(alive)
    assert int(alive.communicate(timeout=60)[0]) == pytest.approx(RATE * 2.0, rel=0.4)


@pytest.mark.parametrize("left_over", [1e12, -1e12, math.inf, -math.inf, math.nan])
def test_what_another_boot_left_behind_holds_nobody(tmp_path: Path, left_over: float) -> None:
    bucket = SharedBucket(RATE, tmp_path)
    bucket._store(left_over)
    assert bucket.delay(1000) < 1.0
    bucket.close()


@pytest.mark.parametrize("content", [b"", b"\0" * 3, b"\xff" * 5000])
def test_rubbish_in_the_file_holds_nobody(tmp_path: Path, content: bytes) -> None:
    (tmp_path / NAME).write_bytes(content)
    bucket = SharedBucket(RATE, tmp_path)
    assert bucket.delay(1000) < 1.0
    bucket.close()


def test_the_burst_after_a_pause_is_short() -> None:
    bucket = TokenBucket(RATE)
    bucket._free_at -= 3600
    assert bucket.delay(RATE) == pytest.approx(0.75, abs=0.05)


def test_a_low_rate_is_asked_for_in_small_pieces() -> None:
    assert [TokenBucket(rate).chunk(1 << 18) for rate in (0, 100, 160_000, 10**9)] == [1 << 18, 1024, 5_000, 1 << 18]


def test_no_limit_needs_no_file(tmp_path: Path) -> None:
    bucket = bucket_for(0, tmp_path)
    assert bucket.delay(10**9) == 0.0
    assert list(tmp_path.iterdir()) == []


def test_threads_of_one_process_wait_for_each_other(tmp_path: Path) -> None:
    bucket = SharedBucket(RATE, tmp_path)
    delays: list[float] = []

    def book() -> None:
        for _ in range(50):
            delays.append(bucket.delay(RATE // 200))

    threads = [threading.Thread(target=book) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert max(delays) == pytest.approx(1.0 - 0.25, abs=0.25)
    bucket.close()


def test_two_downloads_share_it(job: Job, server: VideoServer, tmp_path: Path) -> None:
    size = sum(len(server.video.files[name]) for name in server.video.segments)
    folder = tmp_path / "rate"
    other = replace(job, work_dir=tmp_path / "w2", target=tmp_path / "2.mp4", rate_limit=size, rate_folder=folder)
    begun = time.monotonic()
    thread = threading.Thread(target=run, args=(other,))
    thread.start()
    media = run(replace(job, rate_limit=size, rate_folder=folder))
    thread.join()
    assert time.monotonic() - begun > 1.6  # two times the bytes at that rate, less what bursts
    assert packets(media.path) == packets(other.target)

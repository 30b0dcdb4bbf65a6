"""No room, wherever it runs out, is said as such, and the download goes on when there is room again."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from media_server import SECONDS, VideoServer, job_for, packets, run, start_child

from vods.ffmpeg import ffmpeg_path
from vods.mediafile import Job
from vodtender.http import ErrorKind, ServiceError

LIMIT = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, ({0}, {0}))\n"


def total(server: VideoServer) -> int:
    return sum(len(server.video.files[name]) for name in server.video.segments)


@pytest.mark.parametrize("share", [0.0001, 0.5, 0.93])
def test_a_limit_on_file_sizes_is_a_full_disk(job: Job, server: VideoServer, share: float) -> None:
    """The limit is met in the journal's first line, then in the part file, then in the middle of things."""
    child = start_child(job, prelude=LIMIT.format(int(total(server) * share)))
    _, errors = child.communicate()
    assert "There is no room left to write in" in errors
    assert not job.target.exists()
    assert packets(run(job).path)["video"] == SECONDS * 25


def test_a_limit_that_only_ffmpeg_meets_is_a_full_disk(job: Job, server: VideoServer) -> None:
    wrapper = job.work_dir.parent / "ffmpeg"
    wrapper.write_text(f'#!/bin/sh\nulimit -f 10\nexec {ffmpeg_path()} "$@"\n')
    wrapper.chmod(0o755)
    limited = job_for(server, job.work_dir.parent, ffmpeg=str(wrapper))
    with pytest.raises(ServiceError) as caught:
        run(limited)
    assert caught.value.kind is ErrorKind.DISK_FULL
    server.asked.clear()
    assert run(job).segments_resumed > 0


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("unshare") is None, reason="mounts a small tmpfs")
@pytest.mark.parametrize("kilobytes", [100, 300])
def test_a_full_file_system_is_a_full_disk(job: Job, server: VideoServer, kilobytes: int, tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    shell = f'mount -t tmpfs -o size={kilobytes}k none {small} && exec "$@"'
    mounted = subprocess.run(["unshare", "-m", "sh", "-c", shell, "sh", "true"], check=False, capture_output=True)
    if mounted.returncode:
        pytest.skip("this machine does not let us mount")
    inside = job_for(server, small)
    child = start_child(inside, wrap=["unshare", "-m", "sh", "-c", shell, "sh"])
    _, errors = child.communicate()
    assert f"There is no room left to write in {inside.work_dir}" in errors

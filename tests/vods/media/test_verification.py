"""A finished file is compared with its playlist packet by packet."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from media_server import SECONDS, run

from vods.ffmpeg import Unplayable, ffmpeg_path
from vods.mediafile import Job
from vods.mp4 import Stream
from vods.verify import Expectation, Gap, check, verify
from vodtender.http import ServiceError

TICK = 0.001
EXPECTED = Expectation(duration=60.0, segments=6, target_duration=10.0)


def stream(media: str, *, first: float = 0.0, end: float = 60.0, jumps: tuple[tuple[float, float], ...] = ()) -> Stream:
    ticks = [(round(a / TICK), round(b / TICK)) for a, b in jumps]
    return Stream(media, TICK, 1000, round(first / TICK), round(end / TICK), round(end / TICK), ticks)


@pytest.mark.parametrize(
    ("streams", "wrong"),
    [
        ([], "no video and no sound"),
        ([stream("video", end=50)], "ends at 0:00:50"),
        ([stream("video"), stream("audio", end=50)], "its audio ends at 0:00:50"),
        ([stream("video", end=70)], "1:10 long"),
        ([stream("video", jumps=((20.0, 30.0),))], "10.0 s are missing at 0:00:20"),
        ([stream("video", first=10.0)], "10.0 s are missing at 0:00:00"),
        ([stream("video", jumps=((30.0, 20.0),))], "back in time at 0:00:30"),
    ],
)
def test_what_is_not_the_whole_video_is_found(streams: list[Stream], wrong: str) -> None:
    with pytest.raises(Unplayable, match=wrong):
        check(streams, EXPECTED)


def test_a_recorded_gap_is_expected_at_its_place_and_no_other() -> None:
    gaps = (Gap(2, 20.0, 10.0),)
    expected = Expectation(60.0, 6, 10.0, gaps=gaps)
    assert check([stream("video", jumps=((19.9, 30.0),))], expected) == gaps
    with pytest.raises(Unplayable, match="missing at 0:00:40"):
        check([stream("video", jumps=((40.0, 50.0),))], expected)


def test_a_hole_in_the_source_itself_may_be_accepted_too() -> None:
    expected = Expectation(60.0, 6, 10.0, accept_gap=True)
    found = check([stream("video", jumps=((20.0, 25.0),)), stream("audio", jumps=((20.1, 25.1),))], expected)
    assert [(gap.index, gap.start, round(gap.duration, 1)) for gap in found] == [(-1, 20.0, 5.1)]


def test_half_a_file_is_found_although_it_names_its_full_length(job: Job, tmp_path: Path) -> None:
    media = run(job)
    half = tmp_path / "half.mp4"
    half.write_bytes(media.path.read_bytes()[: media.size // 2])
    with pytest.raises(Unplayable):
        verify(half, Expectation(SECONDS, SECONDS, 1.0), threading.Event())


def test_a_program_that_is_not_there_is_said_so() -> None:
    with pytest.raises(ServiceError, match="FFMPEG_PATH names no program"):
        ffmpeg_path("/nowhere/ffmpeg")

"""Our reading of an MP4's index agrees with ffmpeg's, and no damaged file is taken for whole or breaks it."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from media_server import Video, VideoServer, framecrc, job_for, make_video, run

from vods.ffmpeg import Unplayable
from vods.mediafile import Job
from vods.mp4 import list_streams


@pytest.fixture
def whole(job: Job) -> Path:
    return run(job).path


def test_it_agrees_with_ffmpeg(whole: Path) -> None:
    for ours, theirs in zip(list_streams(whole, 0.5), framecrc(whole), strict=True):
        assert (ours.media, ours.packets, ours.jumps) == (theirs.media, theirs.packets, theirs.jumps)
        for own, other in ((ours.first, theirs.first), (ours.last, theirs.last), (ours.end, theirs.end)):
            assert own * ours.tick == pytest.approx(other * theirs.tick, abs=0.002)


@pytest.mark.parametrize("late", [("-vf", "setpts=PTS+0.4/TB"), ("-af", "asetpts=PTS+0.4/TB"), ("-bf", "2")])
def test_a_stream_that_begins_late_or_reorders_is_seen_as_ffmpeg_sees_it(
    serve: Callable[[Video], VideoServer], tmp_path: Path, late: tuple[str, str]
) -> None:
    options = (*late, "-hls_segment_filename", "%d.ts")
    media = run(job_for(serve(make_video(tmp_path / "late", *options)), tmp_path))
    for ours, theirs in zip(list_streams(media.path, 2.0), framecrc(media.path, 2.0), strict=True):
        assert ours.packets == theirs.packets
        assert ours.first * ours.tick == pytest.approx(theirs.first * theirs.tick, abs=0.002)
        assert ours.end * ours.tick == pytest.approx(theirs.end * theirs.tick, abs=0.002)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5, 0.97, 0.999])
def test_a_file_that_is_cut_is_not_whole(whole: Path, share: float) -> None:
    data = whole.read_bytes()
    whole.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(Unplayable):
        list_streams(whole, 0.5)


def test_no_garbled_index_breaks_the_reading(whole: Path) -> None:
    data, chance = whole.read_bytes(), random.Random(1)
    index = data.rindex(b"moov") - 4
    for _ in range(150):
        garbled = bytearray(data)
        for _ in range(3):
            garbled[chance.randrange(index, len(data))] = chance.randrange(256)
        whole.write_bytes(garbled)
        try:
            streams = list_streams(whole, 0.5)
        except Unplayable:
            continue
        assert len(streams) <= 2


def test_bytes_that_are_named_and_not_there_are_noticed(whole: Path) -> None:
    """The index of a longer video over the media of a shorter one."""
    data = whole.read_bytes()
    media, index = data.index(b"mdat"), data.rindex(b"moov") - 4
    kept = 20_000
    cut = data[: media - 4] + (kept + 8).to_bytes(4, "big") + data[media : media + 4 + kept] + data[index:]
    whole.write_bytes(cut)
    with pytest.raises(Unplayable, match="its index names"):
        list_streams(whole, 0.5)

"""Streams that are not one even piece of picture and sound still become whole files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from media_server import SECONDS, Video, VideoServer, job_for, make_video, packets, run


def test_a_broadcast_that_reconnected_begins_its_clock_anew(
    serve: Callable[[Video], VideoServer], video: Video, tmp_path: Path
) -> None:
    """EXT-X-DISCONTINUITY: the same segments once more, with timestamps that jump back."""
    lines = video.files["index.m3u8"].decode().replace("#EXT-X-ENDLIST", "").rstrip().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("#EXTINF"))
    again = [f"again/{line}" if not line.startswith("#") else line for line in lines[first:]]
    playlist = "\n".join([*lines, "#EXT-X-DISCONTINUITY", *again, "#EXT-X-ENDLIST", ""])
    twice = Video(video.files | {"index.m3u8": playlist.encode()})
    media = run(job_for(serve(twice), tmp_path, expected_duration=2.0 * SECONDS))
    assert media.duration == pytest.approx(2 * SECONDS, abs=0.5)
    assert packets(media.path, 2.0)["video"] == 2 * SECONDS * 25


def test_the_clock_of_a_very_long_broadcast_wraps(serve: Callable[[Video], VideoServer], tmp_path: Path) -> None:
    """MPEG-TS counts 33 bits at 90 kHz: after 26.5 hours it begins again at 0."""
    folder = tmp_path / "wrap"

    wrapping = make_video(folder, "-hls_segment_filename", "%d.ts", "-output_ts_offset", str(2**33 / 90000 - 6))
    media = run(job_for(serve(wrapping), tmp_path))
    assert media.duration == pytest.approx(SECONDS, abs=0.5)
    assert packets(media.path, 2.0)["video"] == SECONDS * 25


@pytest.mark.parametrize(("left_out", "kept"), [("-an", "video"), ("-vn", "audio")])
def test_picture_or_sound_alone_is_enough(
    serve: Callable[[Video], VideoServer], tmp_path: Path, left_out: str, kept: str
) -> None:
    folder = tmp_path / kept

    alone = make_video(folder, left_out, "-hls_segment_filename", "%d.ts")
    media = run(job_for(serve(alone), tmp_path))
    assert set(packets(media.path, 2.0)) == {kept}

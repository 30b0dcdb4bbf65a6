"""A quality's name picks one format."""

from __future__ import annotations

from typing import Any

import pytest

from vods.quality import choose
from vodtender.http import ErrorKind, ServiceError


def hls(name: str, width: int | None, height: int | None, fps: float | None, vcodec: str = "avc1") -> dict[str, Any]:
    return {
        "format_id": name,
        "protocol": "m3u8_native",
        "url": f"https://cdn/{name}",
        "width": width,
        "height": height,
        "fps": fps,
        "vcodec": vcodec,
    }


STORYBOARD = {"format_id": "sb0", "protocol": "mhtml", "url": "https://cdn/sb", "vcodec": "none"}
FORMATS = [
    STORYBOARD,
    hls("Audio_Only", None, None, None, "none"),
    hls("160p", 284, 160, 30),
    hls("480p", 852, 480, 30),
    hls("720p", 1280, 720, 30),
    hls("720p60", 1280, 720, 60),
    hls("1080p60", 1920, 1080, 60),
]


@pytest.mark.parametrize(
    ("quality", "name"),
    [
        ("best", "1080p60"),
        ("1080p", "1080p60"),
        ("1080p60", "1080p60"),
        ("1080p30", "720p"),
        ("720p", "720p60"),
        ("720p30", "720p"),
        ("480p", "480p"),
        ("360p", "160p"),
        ("100p", "160p"),
        ("audio_only", "Audio_Only"),
        ("AUDIO_ONLY", "Audio_Only"),
        ("source", "1080p60"),
        ("", "1080p60"),
        ("a name that nobody knows", "1080p60"),
    ],
)
def test_the_name_picks(quality: str, name: str) -> None:
    assert choose(FORMATS, quality)["format_id"] == name


def test_a_vertical_video_counts_by_its_width() -> None:
    assert choose([hls("low", 608, 1080, 30), hls("high", 1080, 1920, 60)], "1080p")["format_id"] == "high"


def test_sound_alone_is_the_best_there_is_when_there_is_no_picture() -> None:
    assert choose([STORYBOARD, FORMATS[1]], "best")["format_id"] == "Audio_Only"


@pytest.mark.parametrize(
    ("left_out", "quality", "name"),
    [
        ("1080p60", "1080p60", "720p60"),
        ("720p60", "720p60", "720p"),
        ("480p", "480p", "160p"),
        ("160p", "160p", "480p"),
        ("Audio_Only", "audio_only", "160p"),
    ],
)
def test_what_is_not_there_becomes_the_next_lower(left_out: str, quality: str, name: str) -> None:
    there = [known for known in FORMATS if known["format_id"] != left_out]
    assert choose(there, quality)["format_id"] == name


@pytest.mark.parametrize("quality", ["best", "audio_only", "720p", "ultra"])
def test_a_vod_without_any_video_is_refused(quality: str) -> None:
    with pytest.raises(ServiceError, match="offers no video") as caught:
        choose([STORYBOARD], quality)
    assert caught.value.kind is ErrorKind.INVALID

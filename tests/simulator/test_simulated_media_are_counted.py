"""A busy machine made ffmpeg leave out the sound of the first 20 seconds once, without a word."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from simulator import ffmpeg
from simulator.media import MediaRoom, miscounted
from simulator.recipes import Recipe

STUMBLING = """#!/bin/sh
# The real one, but what it makes for the first time lacks its first segment's second half.
{real} "$@" || exit
for last; do :; done
case "$last" in
*/thumb.jpg)
    [ -e "{marker}" ] && {always} exit 0
    : > "{marker}"
    segment="$(dirname "$last")/chunked/0.ts"
    truncate -s $(( $(stat -c %s "$segment") / 376 * 188 )) "$segment" ;;
esac
"""


@pytest.fixture
def made(tmp_path: Path) -> Path:
    room = MediaRoom(tmp_path)
    room.plan("small", Recipe(4))
    return asyncio.run(room.ready("small"))


def test_whole_media_are_right(made: Path) -> None:
    assert asyncio.run(miscounted(made, Recipe(4))) == ""


@pytest.mark.parametrize(
    ("segment", "words"), [(0, "a stream is not there from the beginning"), (1, "160p30 part 0 sound: 95 of 188")]
)
def test_missing_sound_is_named(made: Path, segment: int, words: str) -> None:
    whole, dumb = made / "160p30" / f"{segment}.ts", made / "dumb.ts"
    asyncio.run(ffmpeg.run("-copyts", "-i", whole, "-map", "0:v", "-c", "copy", "-muxdelay", 0, dumb))
    dumb.replace(whole)
    assert words in asyncio.run(miscounted(made, Recipe(4)))


def stumble(monkeypatch: pytest.MonkeyPatch, folder: Path, *, always: bool) -> None:
    """Puts an ffmpeg in the place of the real one that spoils what it makes, the first time or always."""
    script = folder / "ffmpeg"
    text = STUMBLING.format(real=ffmpeg.executable(), marker=folder / "stumbled", always="false &&" if always else "")
    script.write_text(text)
    script.chmod(0o755)
    monkeypatch.setattr(ffmpeg, "executable", lambda: str(script))


def test_media_that_came_out_wrong_are_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stumble(monkeypatch, tmp_path, always=False)
    room = MediaRoom(tmp_path / "media")
    room.plan("small", Recipe(4))
    folder = asyncio.run(room.ready("small"))
    assert (tmp_path / "stumbled").exists()
    assert asyncio.run(miscounted(folder, Recipe(4))) == ""


def test_media_that_stay_wrong_are_not_served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stumble(monkeypatch, tmp_path, always=True)
    room = MediaRoom(tmp_path / "media")
    room.plan("small", Recipe(4))
    with pytest.raises(RuntimeError, match="wrong 3 times: chunked part 0 pictures"):
        asyncio.run(room.ready("small"))
    assert not (tmp_path / "media" / "small").exists()

"""fMP4 playlists whose init section changes inside become one file with every packet, which decodes everywhere."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from media_server import Video, VideoServer, eventually, job_for, make_video, packets, reply, run, start_child

from vods import joins
from vods.ffmpeg import ffmpeg_path
from vods.journal import read
from vods.mediafile import Job
from vods.partfile import journal_path
from vods.playlist import parse
from vodtender.http import ErrorKind, ServiceError

PARTS = (("small", "128x72"), ("large", "256x144"), ("again", "128x72"))
SECONDS_EACH = 4
SECONDS = SECONDS_EACH * len(PARTS)


def combined(videos: dict[str, Video], between: tuple[str, ...]) -> Video:
    """One playlist of several videos, each with its own init section, with `between` between them."""
    files: dict[str, bytes] = {}
    lines: list[str] = []
    for name, video in videos.items():
        body = video.files["index.m3u8"].decode().replace('URI="', f'URI="{name}-').splitlines()
        own = [f"{name}-{line}" if line and not line.startswith("#") else line for line in body]
        head = next(i for i, line in enumerate(own) if line.startswith("#EXT-X-MAP"))
        lines += [*(between if lines else own[:head]), *own[head:-1]]
        files |= {f"{name}-{file}": data for file, data in video.files.items()}
    return Video(files | {"index.m3u8": "\n".join([*lines, "#EXT-X-ENDLIST", ""]).encode()})


@pytest.fixture(scope="session")
def parts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Video]:
    made: dict[str, Video] = {}
    for name, size in PARTS:
        options = ("-hls_segment_type", "fmp4", "-hls_segment_filename", "%d.m4s")
        made[name] = make_video(tmp_path_factory.mktemp(name), *options, size=size, seconds=SECONDS_EACH)
    return made


@pytest.fixture
def changing(serve: Callable[[Video], VideoServer], parts: dict[str, Video]) -> VideoServer:
    return serve(combined(parts, ("#EXT-X-DISCONTINUITY",)))


@pytest.fixture
def changing_job(changing: VideoServer, tmp_path: Path) -> Job:
    return job_for(changing, tmp_path)


def decoded_frames(path: Path) -> int:
    """How many pictures come out, with not one complaint."""
    command = [
        ffmpeg_path(),
        "-v",
        "error",
        "-stats_period",
        "60",
        "-progress",
        "-",
        "-i",
        str(path),
        "-f",
        "null",
        "-",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return int([line for line in done.stdout.splitlines() if line.startswith("frame=")][-1].partition("=")[2])


@pytest.mark.parametrize("between", [(), ("#EXT-X-DISCONTINUITY",)])
def test_every_packet_is_there_and_every_picture_decodes(
    serve: Callable[[Video], VideoServer], parts: dict[str, Video], tmp_path: Path, between: tuple[str, ...]
) -> None:
    media = run(job_for(serve(combined(parts, between)), tmp_path))
    assert packets(media.path)["video"] == SECONDS * 25
    assert packets(media.path)["audio"] == pytest.approx(SECONDS * 44100 / 1024, abs=6)
    assert decoded_frames(media.path) == SECONDS * 25
    assert media.duration == pytest.approx(SECONDS, abs=0.3)
    assert (media.segments, media.gaps) == (SECONDS, ())


def test_only_what_recalls_the_file_is_left_behind(changing_job: Job) -> None:
    run(changing_job)
    assert {path.name for path in changing_job.work_dir.iterdir()} == {"finished.json", "lock"}


def test_the_clock_of_one_init_section_may_begin_anew(
    serve: Callable[[Video], VideoServer], parts: dict[str, Video], tmp_path: Path
) -> None:
    """EXT-X-DISCONTINUITY alone, the same init section and the same times once more."""
    files = parts["small"].files
    lines = files["index.m3u8"].decode().splitlines()
    first = next(i for i, line in enumerate(lines) if line.startswith("#EXTINF"))
    text = "\n".join([*lines[:-1], "#EXT-X-DISCONTINUITY", *lines[first:]])
    media = run(
        job_for(serve(Video(files | {"index.m3u8": text.encode()})), tmp_path, expected_duration=2.0 * SECONDS_EACH)
    )
    assert packets(media.path)["video"] == 2 * SECONDS_EACH * 25
    assert decoded_frames(media.path) == 2 * SECONDS_EACH * 25


@pytest.mark.parametrize("moment", [1, 6, 11])
def test_kill_9_costs_nothing_that_is_journalled(changing_job: Job, changing: VideoServer, moment: int) -> None:
    changing.delay = 0.2
    child = start_child(replace(changing_job, connections=2, most_connections=2))
    journal = journal_path(changing_job.part)
    eventually(lambda: (found := read(journal)) is not None and len(found.entries) >= moment)
    child.kill()
    child.communicate()
    contents = read(journal)
    assert contents is not None
    kept = [entry for entry in contents.entries if entry.sequence >= 0]
    changing.asked.clear()
    changing.delay = 0.0
    media = run(changing_job)
    assert media.segments_resumed == len(kept)
    assert len([name for name in changing.asked if name.endswith(".m4s")]) == SECONDS - len(kept)
    assert decoded_frames(media.path) == SECONDS * 25


@pytest.mark.parametrize("lost", ["small-3.m4s", "large-0.m4s", "large-1.m4s", "again-3.m4s"])
def test_an_accepted_gap_at_a_join_keeps_the_timeline(changing_job: Job, changing: VideoServer, lost: str) -> None:
    changing.faults[lost] = reply(404)
    media = run(replace(changing_job, accept_gap=True))
    assert len(media.gaps) == 1
    assert packets(media.path, 2.0)["video"] == (SECONDS - 1) * 25
    at_the_end = lost == "again-3.m4s"
    assert media.duration == pytest.approx(SECONDS - at_the_end, abs=0.3)


def test_a_part_of_nothing_but_gaps_is_left_out(changing_job: Job, changing: VideoServer) -> None:
    changing.faults |= {f"large-{i}.m4s": reply(404) for i in range(SECONDS_EACH)}
    media = run(replace(changing_job, accept_gap=True))
    assert len(media.gaps) == SECONDS_EACH
    assert packets(media.path, 5.0)["video"] == 2 * SECONDS_EACH * 25
    assert media.duration == pytest.approx(SECONDS, abs=0.3)


def test_a_missing_init_section_is_never_a_gap(changing_job: Job, changing: VideoServer) -> None:
    changing.faults["large-init.mp4"] = reply(404)
    with pytest.raises(ServiceError, match=r"The init section \(at 0:00:04") as caught:
        run(replace(changing_job, accept_gap=True))
    assert caught.value.kind is ErrorKind.MISSING_SEGMENT


def test_a_file_that_does_not_decode_at_a_join_fails_its_check(
    changing_job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As another way of joining makes it: all packets, no gap, and rubbish after the first change."""

    def spoil(program: str, script: Path, target: Path, stop: object) -> None:
        files = [script.with_name(line.split()[1]) for line in script.read_text().splitlines()[1:]]
        first = files[0].read_bytes()
        real(program, script, target, stop)  # type: ignore[arg-type]
        data = bytearray(target.read_bytes())
        middle = len(first)  # somewhere behind the first join
        data[middle : middle + 3000] = b"\x5a" * 3000
        target.write_bytes(data)

    real = joins._concat
    monkeypatch.setattr(joins, "_concat", spoil)
    with pytest.raises(ServiceError, match="does not decode at"):
        run(changing_job)


def test_pieces_are_grouped_by_their_init_section(changing: VideoServer) -> None:
    playlist = parse(changing.video.files["index.m3u8"].decode(), changing.url)
    assert [(piece.name, piece.sequence, piece.group) for piece in playlist.pieces if piece.is_init] == [
        ("small-init.mp4", -1, 0),
        ("large-init.mp4", -2, 1),
        ("again-init.mp4", -3, 2),
    ]
    assert (playlist.groups, playlist.fragmented) == (3, True)
    assert [piece.group for piece in playlist.pieces] == [0] * 5 + [1] * 5 + [2] * 5

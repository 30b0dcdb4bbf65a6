"""The table from errors of the system, of ffmpeg and of the video server to what they mean here."""

from __future__ import annotations

import errno
import os
import signal
from pathlib import Path

import pytest
from media_server import FAST, VideoServer, job_for, reply, run

from vods.diskerrors import named_disk_errors
from vods.errors import SYSTEM, ffmpeg_error, server_error, system_error
from vods.mediafile import Job
from vodtender.http import ErrorKind, ServiceError

FOLDER = Path("/media/404/500")
FULL, INVALID, TRANSIENT = ErrorKind.DISK_FULL, ErrorKind.INVALID, ErrorKind.TRANSIENT


@pytest.mark.parametrize(
    ("number", "kind", "words"),
    [
        (errno.ENOSPC, FULL, "no room left to write in /media/404/500"),
        (errno.EDQUOT, FULL, "raise the quota"),
        (errno.EFBIG, FULL, "no room left"),
        (errno.EROFS, FULL, "Cannot write in /media/404/500: Read-only file system"),
        (errno.EACCES, INVALID, "its owner"),
        (errno.EPERM, INVALID, "its owner"),
        (errno.EXDEV, INVALID, "Cannot work in"),
        (errno.EIO, INVALID, "The disk under /media/404/500 fails"),
        (errno.ENOENT, TRANSIENT, "is mounted"),
        (errno.ESTALE, TRANSIENT, "is mounted"),
        (errno.ENOTCONN, TRANSIENT, "is mounted"),
        (errno.EMFILE, TRANSIENT, "cannot give"),
        (errno.ENOMEM, TRANSIENT, "cannot give"),
    ],
)
def test_what_the_system_says(number: int, kind: ErrorKind, words: str) -> None:
    with pytest.raises(ServiceError) as caught, named_disk_errors(FOLDER):
        raise OSError(number, os.strerror(number))
    assert caught.value.kind is kind
    assert words in caught.value.message


@pytest.mark.parametrize("number", SYSTEM)
def test_each_has_a_sentence_that_says_where_and_why(number: int) -> None:
    meaning = system_error(number, FOLDER)
    assert meaning is not None
    assert str(FOLDER) in meaning.message
    assert os.strerror(number) in meaning.message
    assert meaning.message.endswith(".")


def test_what_is_no_fault_of_the_system_stays_what_it_is() -> None:
    with pytest.raises(OSError, match="Argument list") as caught, named_disk_errors(FOLDER):
        raise OSError(errno.E2BIG, os.strerror(errno.E2BIG))
    assert not isinstance(caught.value, ServiceError)


FFMPEG: dict[str, tuple[int, list[str], ErrorKind | None]] = {
    "a full disk": (228, ["[out#0/mp4] Error writing trailer: No space left on device"], FULL),
    "a full disk, older words": (1, ["av_interleaved_write_frame(): No space left on device"], FULL),
    "a quota": (1, ["[mp4 @ 0x1] Error writing: Disk quota exceeded"], FULL),
    "a file size limit": (-signal.SIGXFSZ, [], FULL),
    "a disk that fails": (251, ["file:/m/1.part: Input/output error"], INVALID),
    "a read-only disk": (226, ["[out#0] Error opening output file:/m/x: Read-only file system"], FULL),
    "a refused folder": (243, ["/m/x.mp4: Permission denied"], INVALID),
    "a stale mount": (1, ["/m/x.mp4: Stale file handle"], TRANSIENT),
    "no memory": (244, ["Error: Cannot allocate memory"], TRANSIENT),
    "killed": (-signal.SIGKILL, [], TRANSIENT),
    "ended": (-signal.SIGTERM, ["Exiting normally, received signal 15."], TRANSIENT),
    "media it cannot read": (183, ["pipe:0: Invalid data found when processing input"], None),
    "a title that sounds like it": (183, ["Title: No space left on device (live) is unusable"], None),
    "a VOD id of digits": (183, ["file:/m/404500/28.part: Invalid data found when processing input"], None),
    "nothing said": (1, [], None),
    "a complaint without failing": (0, ["x: No space left on device"], None),
}


@pytest.mark.parametrize("name", FFMPEG)
def test_what_ffmpegs_end_means(name: str) -> None:
    code, said, kind = FFMPEG[name]
    meaning = ffmpeg_error(code, said, FOLDER)
    assert (meaning.kind if meaning else None) is kind


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (429, ErrorKind.RATE_LIMITED),
        (500, TRANSIENT),
        (502, TRANSIENT),
        (503, TRANSIENT),
        (504, TRANSIENT),
        (408, TRANSIENT),
        (400, TRANSIENT),
        (None, TRANSIENT),
    ],
)
def test_what_is_left_when_every_try_failed(status: int | None, kind: ErrorKind) -> None:
    error = server_error("Segment 404", "the server answered 500", 8, status=status, wait=17.0)
    assert (error.kind, error.status, error.retry_after) == (kind, status, 17.0)


Then = tuple[ErrorKind, str]
SERVER: dict[int, Then] = {
    401: (ErrorKind.MISSING_SEGMENT, "answered with 401"),
    403: (ErrorKind.MISSING_SEGMENT, "answered with 403"),
    404: (ErrorKind.MISSING_SEGMENT, "answered with 404"),
    410: (ErrorKind.MISSING_SEGMENT, "answered with 410"),
    451: (ErrorKind.MISSING_SEGMENT, "answered with 451"),
    400: (TRANSIENT, "the server answered 400"),
    408: (TRANSIENT, "the server answered 408"),
    429: (ErrorKind.RATE_LIMITED, "too often"),
    500: (TRANSIENT, "the server answered 500"),
    503: (TRANSIENT, "the server answered 503"),
}


@pytest.mark.parametrize("status", SERVER)
def test_what_a_status_on_every_try_means(server: VideoServer, tmp_path: Path, status: int) -> None:
    """The VOD's own number is made of statuses, and so are the names around it."""
    kind, words = SERVER[status]
    server.faults["5.ts"] = reply(status)
    with pytest.raises(ServiceError, match=words) as caught:
        run(job_for(server, tmp_path / "404" / "500", twitch_id="404429500"))
    assert caught.value.kind is kind


@pytest.mark.parametrize(
    ("status", "kind"), [(404, TRANSIENT), (403, TRANSIENT), (429, ErrorKind.RATE_LIMITED), (500, TRANSIENT)]
)
def test_what_a_status_for_the_playlist_means(server: VideoServer, job: Job, status: int, kind: ErrorKind) -> None:
    server.faults["index.m3u8"] = reply(status)
    with pytest.raises(ServiceError) as caught:
        run(job)
    assert caught.value.kind is kind
    assert server.counts["index.m3u8"] <= FAST.tries

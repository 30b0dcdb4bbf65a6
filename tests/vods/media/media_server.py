"""A made-up VOD, a server of it that misbehaves on request, and jobs that take it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from vods.ffmpeg import ffmpeg_path
from vods.mediafile import Job, MediaFile, Progress, take
from vods.mp4 import Stream
from vods.segments import Patience

SECONDS = 12
SEGMENT_SECONDS = 1
FAST = Patience(tries=5, missing_tries=2, backoff=0.02, longest_backoff=0.1, read_seconds=2.0, slow_seconds=1.0)


@dataclass(frozen=True)
class Video:
    """Files of an HLS VOD: its playlist and segments, by name."""

    files: dict[str, bytes]

    @property
    def segments(self) -> list[str]:
        lines = self.files["index.m3u8"].decode().splitlines()
        return [line for line in lines if line and not line.startswith("#")]


def make_video(folder: Path, *options: str, size: str = "128x72", seconds: int = SECONDS) -> Video:
    """A VOD of a second a segment. `options` go to ffmpeg's HLS muxer, and come after what they may change."""
    folder.mkdir(parents=True, exist_ok=True)
    picture = f"testsrc=size={size}:rate=25:duration={seconds}"
    tone = f"sine=frequency=440:duration={seconds}"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-g", "25", "-c:a", "aac", "-shortest"]
    command += ["-f", "hls", "-hls_time", str(SEGMENT_SECONDS), "-hls_playlist_type", "vod", *options, "index.m3u8"]
    subprocess.run(command, cwd=folder, check=True)
    return Video({path.name: path.read_bytes() for path in folder.iterdir()})


Fault = Callable[[BaseHTTPRequestHandler, bytes], None]


@dataclass
class VideoServer:
    """Serves a Video at `url`. `faults[name]` is a list of faults used up one by one, or one that stays."""

    video: Video
    port: int = 0
    faults: dict[str, list[Fault] | Fault] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    delay: float = 0.0
    closing: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/vod/chunked/index.m3u8"

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.asked)

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        name = request.path.partition("?")[0].rpartition("/")[2]
        self.asked.append(name)
        body = self.video.files.get(name)
        fault = self.faults.get(name)
        if isinstance(fault, list):
            fault = fault.pop(0) if fault else None
        if fault is not None:
            fault(request, body or b"")
        elif body is None:
            reply(404)(request, b"")
        else:
            if self.delay and name != "index.m3u8":
                self.closing.wait(self.delay)
            reply(200)(request, body)


def reply(status: int, body: bytes | None = None, **headers: str) -> Fault:
    """Answer with a status; 200 sends the segment's own body unless told otherwise."""

    def send(request: BaseHTTPRequestHandler, own: bytes) -> None:
        content = body if body is not None else own if status == 200 else b""
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name.replace("_", "-"), value)
        request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    return send


def truncated(request: BaseHTTPRequestHandler, own: bytes) -> None:
    request.send_response(200)
    request.send_header("Content-Length", str(len(own)))
    request.end_headers()
    request.wfile.write(own[: len(own) // 2])
    request.close_connection = True


def reset(request: BaseHTTPRequestHandler, own: bytes) -> None:
    """The connection ends without an answer."""
    request.close_connection = True


def hang(server: VideoServer) -> Fault:
    """Sends the head and a little, and then nothing until the server is closed."""

    def send(request: BaseHTTPRequestHandler, own: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(own)))
        request.end_headers()
        request.wfile.write(own[:100])
        server.closing.wait(60)
        request.close_connection = True

    return send


def drip(server: VideoServer) -> Fault:
    """Sends a byte now and then, which keeps a read timeout from ever striking."""

    def send(request: BaseHTTPRequestHandler, own: bytes) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(len(own)))
        request.end_headers()
        request.close_connection = True
        try:
            for byte in own:
                request.wfile.write(bytes([byte]))
                if server.closing.wait(0.1):
                    return
        except OSError:
            return

    return send


class HttpServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that go away are part of these tests."""


def job_for(server: VideoServer, folder: Path, **options: Any) -> Job:
    fields: dict[str, Any] = {
        "twitch_id": "1001",
        "playlist_url": server.url,
        "headers": {"User-Agent": "test"},
        "work_dir": folder / "work",
        "target": folder / "media" / "1001.mp4",
        "expected_duration": float(SECONDS),
        "patience": FAST,
    }
    return Job(**(fields | options))


CHILD = """
import json, sys, threading
from pathlib import Path
from vods.mediafile import Job, take
from vods.segments import Patience
facts = json.loads(sys.argv[1])
facts |= {name: Path(facts[name]) for name in ("work_dir", "target")} | {"patience": Patience(**facts["patience"])}
def report(progress): print(progress.segments_done, flush=True)
media = take(Job(**facts), on_progress=report, stop=threading.Event(), may_publish=lambda: True)
print("finished", media.sha256, flush=True)
"""


def start_child(job: Job, *, prelude: str = "", wrap: Sequence[str] = ()) -> subprocess.Popen[str]:
    """A process of its own that takes the job, printing the number of segments done and at last `finished <sha256>`."""
    facts = {name: getattr(job, name) for name in job.__dataclass_fields__}
    facts |= {"work_dir": str(job.work_dir), "target": str(job.target), "headers": dict(job.headers)}
    facts["patience"] = {name: getattr(job.patience, name) for name in job.patience.__dataclass_fields__}
    command = [*wrap, sys.executable, "-c", prelude + CHILD, json.dumps(facts)]
    root = Path(__file__).resolve().parents[3]
    return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def eventually(condition: Callable[[], object], seconds: float = 10.0) -> None:
    """Wait until the condition holds; fail when it does not in time."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


def run(job: Job, progress: list[Progress] | None = None) -> MediaFile:
    report = progress.append if progress is not None else lambda _: None
    return take(job, on_progress=report, stop=threading.Event(), may_publish=lambda: True)


def framecrc(path: Path, step: float = 0.5) -> list[Stream]:
    """Every packet as ffmpeg lists it, which is another reading of the file than ours."""
    command = [ffmpeg_path(), "-v", "error", "-i", str(path), "-map", "0", "-c", "copy", "-f", "framecrc", "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    media = re.findall(r"^#media_type \d+: (\w+)", done.stdout, re.MULTILINE)
    ticks = re.findall(r"^#tb \d+: (\d+)/(\d+)", done.stdout, re.MULTILINE)
    streams = [Stream(kind, int(above) / int(below)) for kind, (above, below) in zip(media, ticks, strict=True)]
    for line in done.stdout.splitlines():
        if not line.startswith("#"):
            which, dts, _, duration, *_ = (int(field, 0) for field in line.split(",")[:5])
            stream = streams[which]
            if stream.packets and (dts < stream.last or (dts - stream.last) * stream.tick > step):
                stream.jumps.append((stream.last, dts))
            stream.first = stream.first if stream.packets else dts
            stream.packets, stream.last, stream.end = stream.packets + 1, dts, dts + duration
    return streams


def packets(path: Path, step: float = 0.5) -> dict[str, int]:
    """How many packets each kind of stream has, after checking that none is out of order or far from the next."""
    streams = framecrc(path, step)
    assert not [jump for stream in streams for jump in stream.jumps]
    return {stream.media: stream.packets for stream in streams}

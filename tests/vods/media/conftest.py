"""Fixtures: the made-up VOD in both containers, a server of it, and a job that takes it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from media_server import HttpServer, Video, VideoServer, job_for, make_video

from vods.mediafile import Job


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> Video:
    return make_video(tmp_path_factory.mktemp("ts"), "-hls_segment_filename", "%d.ts")


@pytest.fixture(scope="session")
def fragmented(tmp_path_factory: pytest.TempPathFactory) -> Video:
    return make_video(tmp_path_factory.mktemp("fmp4"), "-hls_segment_type", "fmp4", "-hls_segment_filename", "%d.mp4")


@pytest.fixture
def serve() -> Iterator[Callable[[Video], VideoServer]]:
    started: list[tuple[HttpServer, VideoServer]] = []

    def start(video: Video) -> VideoServer:
        server = VideoServer(video)

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                server.answer(self)

            def log_message(self, *_: Any) -> None: ...

        listener = HttpServer(("127.0.0.1", 0), Handler)
        server.port = listener.server_address[1]
        threading.Thread(target=listener.serve_forever, args=(0.05,), daemon=True).start()
        started.append((listener, server))
        return server

    yield start
    for listener, server in started:
        server.closing.set()
        listener.shutdown()
        listener.server_close()


@pytest.fixture
def server(serve: Callable[[Video], VideoServer], video: Video) -> VideoServer:
    return serve(video)


@pytest.fixture
def job(server: VideoServer, tmp_path: Path) -> Job:
    return job_for(server, tmp_path)

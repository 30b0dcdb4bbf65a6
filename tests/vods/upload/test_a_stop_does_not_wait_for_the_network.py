from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from vods import youtube
from vods.publish import Metadata
from vods.stopped import Stopped


class Fixed:
    def token(self) -> str:
        return "ya29.fixed"

    def renewed(self, stale: str) -> str:
        return stale


@pytest.fixture
def deaf_server() -> Iterator[int]:
    """Answers the probe, then takes the connection of a chunk and never reads from it."""
    listener = socket.create_server(("127.0.0.1", 0))
    kept: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                peer, _ = listener.accept()
            except OSError:
                return
            kept.append(peer)
            head = peer.recv(8192)
            if b"bytes */" in head:
                peer.sendall(b"HTTP/1.1 308 Resume Incomplete\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                peer.close()

    threading.Thread(target=serve, daemon=True).start()
    yield listener.getsockname()[1]
    listener.close()
    for peer in kept:
        peer.close()


def test_a_chunk_that_does_not_move_is_left_within_seconds(deaf_server: int, tmp_path: Path) -> None:
    path = tmp_path / "v.mp4"
    with path.open("wb") as file:
        file.truncate(64 * 2**20)
    stop, moved = threading.Event(), threading.Event()
    stopped_at: list[float] = []

    def on_progress(sent: int) -> None:
        if sent and not moved.is_set():
            moved.set()
            stopped_at.append(time.monotonic())
            stop.set()

    with pytest.raises(Stopped):
        youtube.upload(
            path,
            session_uri=f"http://127.0.0.1:{deaf_server}/upload?upload_id=x",
            metadata=Metadata("t", "d", "private"),
            tokens=Fixed(),
            on_session=lambda uri: None,
            on_progress=on_progress,
            stop=stop,
            chunk_bytes=64 * 2**20,
        )
    assert time.monotonic() - stopped_at[0] < 5

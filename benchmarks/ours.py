"""Our download as a program: `python -m benchmarks.ours PLAYLIST_URL TARGET FFMPEG`."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

from vods import mediafile


def main(url: str, target: str, ffmpeg: str) -> None:
    work = Path(target).with_name("work")
    work.mkdir()
    job = mediafile.Job("1", url, {}, work, Path(target), expected_duration=None, ffmpeg=ffmpeg)
    mediafile.take(job, on_progress=lambda _: None, stop=threading.Event(), may_publish=lambda: True)


if __name__ == "__main__":
    main(*sys.argv[1:])

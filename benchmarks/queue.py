"""`make bench-queue`: claiming and dispatching at 100,000 VODs against 1,000, in one run, interleaved.

Exit 1 when the large queue takes more than twice the time of the small one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
SIZES = (1_000, 100_000)
ROUNDS = 5
MOST = 2.0  # times


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="vod-tender-bench-") as folder:
        times: dict[int, dict[str, list[float]]] = {size: {"claim": [], "dispatch": []} for size in SIZES}
        for size in SIZES:
            _run(folder, size, "fill")
        for _ in range(ROUNDS):
            for size in SIZES:
                claim, dispatch = _run(folder, size, "measure").split()
                times[size]["claim"].append(float(claim))
                times[size]["dispatch"].append(float(dispatch))
    return _judge(times)


def _judge(times: dict[int, dict[str, list[float]]]) -> int:
    small, large = SIZES
    print(f"| | {small:,} VODs | {large:,} VODs | ratio | at most |\n|---|---|---|---|---|")
    missed = 0
    for what in ("claim", "dispatch"):
        one, other = median(times[small][what]), median(times[large][what])
        ratio = other / one
        missed += ratio > MOST
        print(f"| {what} | {one * 1000:.2f} ms | {other * 1000:.2f} ms | {ratio:.2f} | {MOST:.1f} |")
    print("MISSED" if missed else "ok")
    return int(bool(missed))


def _run(folder: str, size: int, what: str) -> str:
    environment = {
        **os.environ,
        "DATA_DIR": f"{folder}/{size}",
        "DJANGO_SETTINGS_MODULE": "vodtender.settings",
        "SECRET_KEY": "of-the-bench",
        "MAX_CONCURRENT_DOWNLOADS": "4",
        "ENCRYPTION_KEY": "c2l4dGVlbiBieXRlcyB0aW1lcyB0d28gPSBsb25nISE=",
        "YOUTUBE_UPLOAD_ENABLED": "1",
        "YOUTUBE_UPLOAD_OWNERSHIP": "self",
        "LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "benchmarks.queue_rounds", what, str(size)]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


if __name__ == "__main__":
    sys.exit(main())

"""A scrape of a large archive against a small one: `python -m benchmarks.telemetry` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
SIZES = {"small": (100, 100), "large": (100_000, 1_000_000)}  # VODs, messages
ROUNDS = 7
MOST = 2.0  # times


def run() -> bool:
    """True when the large one takes at most MOST times as long. Prints a table."""
    times: dict[str, list[float]] = {name: [] for name in SIZES}
    with tempfile.TemporaryDirectory(prefix="vod-tender-bench-") as folder:
        for name, (vods, messages) in SIZES.items():
            _round(folder, name, "fill", str(vods), str(messages))
        for _ in range(ROUNDS):
            for name in SIZES:
                times[name].append(float(_round(folder, name, "scrape")))
    small, large = (median(times[name]) for name in SIZES)
    names = [f"{vods:,} VODs, {messages:,} messages" for vods, messages in SIZES.values()]
    print(f"| | {names[0]} | {names[1]} | ratio | at most |\n|---|---|---|---|---|")
    print(
        f"| a scrape of /metrics | {small * 1000:.2f} ms | {large * 1000:.2f} ms | {large / small:.2f} | {MOST:.1f} |"
    )
    return large / small <= MOST


def _round(folder: str, name: str, *arguments: str) -> str:
    environment = {
        **os.environ,
        "DATA_DIR": f"{folder}/{name}",
        "DATABASE_URL": "",
        "METRICS_TOKEN": "",
        "DJANGO_SETTINGS_MODULE": "vodtender.settings",
        "SECRET_KEY": "of-the-bench",
        "ENCRYPTION_KEY": "c2l4dGVlbiBieXRlcyB0aW1lcyB0d28gPSBsb25nISE=",
        "LOG_LEVEL": "error",
    }
    command = [sys.executable, "-m", "benchmarks.telemetry_rounds", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout

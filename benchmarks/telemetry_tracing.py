"""What tracing costs a page: `python -m benchmarks.telemetry_tracing`, a half of `make bench-telemetry`.

The list of VODs, as a person who is logged in gets it, from the ASGI application in this process: without the
middleware of tracing at all, with it and no collector (off), and with it and spans that leave for a collector in
another process (on). Pairs are measured in turn, and the median of their ratios counts: what the processor did for a
page, the thread that sends spans included, so that a busy machine judges as an idle one. Exit 1 on a miss.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def run() -> bool:
    """True when it costs no more than it may. Measured in a process, with a database and a collector of its own."""
    with tempfile.TemporaryDirectory(prefix="vod-tender-bench-") as folder, _collector() as collector:
        assert collector.stdout is not None
        environment = {
            **os.environ,
            "DATA_DIR": folder,
            "DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "vodtender.settings",
            "SECRET_KEY": "of-the-bench",
            "ENCRYPTION_KEY": "c2l4dGVlbiBieXRlcyB0aW1lcyB0d28gPSBsb25nISE=",
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.stdout.readline().strip(),
            "OTEL_TRACES_SAMPLER": "always_on",
            "LOG_LEVEL": "error",
        }
        rounds = [sys.executable, "-m", "benchmarks.tracing_rounds"]
        missed = subprocess.run(rounds, cwd=ROOT, env=environment, check=False).returncode
        came, _ = collector.communicate()  # closes its standard input, which ends it
    print(f"{came.strip()} spans came to the collector.")
    return not missed and int(came) > 0


def _collector() -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.telemetry.tracing.collector"]
    return subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


if __name__ == "__main__":
    sys.exit(not run())

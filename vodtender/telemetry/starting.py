"""What a long-running process does before anything else."""

from __future__ import annotations

import os
from collections.abc import Sequence

from vodtender.telemetry import output

LONG_RUNNING = frozenset({"up", "serve", "worker", "recordchat", "simulate", "prepare"})
PROFILED = frozenset({"serve", "worker", "recordchat"})


def prepare(arguments: Sequence[str]) -> None:
    """Sets up log lines and, with ENABLE_PPROF=1, what the profiles measure with. Short commands are left alone.

    `arguments`: the command line, such as manage.py, up, --simulator.
    """
    if len(arguments) < 2 or arguments[1] not in LONG_RUNNING or {"-h", "--help", "--version"} & set(arguments):
        return
    output.take_over(arguments[1])
    if arguments[1] in PROFILED and os.environ.get("ENABLE_PPROF", "").strip().lower() in {"1", "true", "yes", "on"}:
        from vodtender.telemetry.profiling import instruments  # noqa: PLC0415 - costs nothing when it is off

        instruments.install()

"""What a long-running process does before anything else."""

from __future__ import annotations

from collections.abc import Sequence

from vodtender.telemetry import output

LONG_RUNNING = frozenset({"up", "serve", "worker", "recordchat", "simulate"})


def prepare(arguments: Sequence[str]) -> None:
    """Sets up log lines. `arguments`: the command line, such as manage.py, up, --simulator. Short commands are left alone."""
    if len(arguments) < 2 or arguments[1] not in LONG_RUNNING or {"-h", "--help", "--version"} & set(arguments):
        return
    output.take_over(arguments[1])

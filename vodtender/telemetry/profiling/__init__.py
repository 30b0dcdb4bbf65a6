"""Profiles of the running processes for `go tool pprof`, only with ENABLE_PPROF=1. See docs/OBSERVABILITY.md.

Off, nothing of this package but these lines is imported, no thread runs and nothing is measured.
"""

from __future__ import annotations

from django.conf import settings


def serve(role: str = "") -> None:
    """Serves this process' profiles, and those of its forks, until it ends.

    `role`: web, worker and recorder listen on PPROF_ADDR's port and the two after it, and pass on what is asked of
    their children with ?pid=. A process without a role is such a child: it listens on a Unix socket alone.
    """
    if not settings.ENABLE_PPROF:
        return
    from vodtender.telemetry.profiling import server  # noqa: PLC0415 - costs nothing when it is off

    server.start(role)

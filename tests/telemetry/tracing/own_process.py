"""Python lines in a process of their own that has set Django up."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


def runner(data_dir: Path) -> Run:
    """Takes the lines, and variables by keyword."""

    def python(lines: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "DATA_DIR": str(data_dir), "LOG_LEVEL": "warn", **variables}
        command = [sys.executable, "-c", f"import django\ndjango.setup()\n{lines}"]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=120
        )

    return python

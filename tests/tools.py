"""The real programs that some tests run: where they are, or how to get them."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

# Program → Debian's package. `make tools` installs them.
PACKAGES = {
    "amtool": "prometheus-alertmanager",
    "go": "golang-go",
    "prometheus": "prometheus",
    "prometheus-alertmanager": "prometheus-alertmanager",
    "promtool": "prometheus",
    "systemd-analyze": "systemd",
}


def need(program: str) -> str:
    """The program's path. Without it the test fails where CI is set, and is skipped elsewhere."""
    if path := shutil.which(program):
        return path
    text = f"{program} is not here: `make tools` as root, or `apt install {PACKAGES[program]}`"
    if os.environ.get("CI"):
        pytest.fail(text)
    pytest.skip(text)


def run(program: str, *arguments: object, within: float = 60) -> subprocess.CompletedProcess[str]:
    """Runs a needed program to its end; both its outputs are in `stdout`."""
    words = [need(program), *map(str, arguments)]
    output = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(words, text=True, check=False, timeout=within, **output)  # type: ignore[call-overload]

"""What asks for profiles: a plain client, and the real `go tool pprof`."""

from __future__ import annotations

import os
import subprocess
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

NO_PROXY = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Planted:
    """planted.py at work: where it serves its profiles, and the pid of its child."""

    port: int
    pid: int
    child: int

    def address(self, path: str) -> str:
        return f"http://localhost:{self.port}/debug/pprof/{path}"

    def get(self, path: str, **headers: str) -> tuple[int, str]:
        """Status and text of an answer."""
        request = urllib.request.Request(self.address(path), headers=headers)
        try:
            with NO_PROXY.open(request, timeout=120) as answer:
                return answer.status, answer.read().decode(errors="replace")
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


@dataclass(frozen=True)
class Pprof:
    """The real `go tool pprof`."""

    go: str
    home: Path

    def top(self, address: str, *options: str) -> dict[str, tuple[str, str]]:
        """Flat and cumulative value by function, as `-top` prints them."""
        words = [self.go, "tool", "pprof", "-top", "-nodecount=1000", "-nodefraction=0", *options, address]
        variables = {**os.environ, "HOME": str(self.home), "PPROF_TMPDIR": str(self.home), "NO_PROXY": "localhost"}
        done = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        rows = [line.split(None, 5) for line in done.stdout.splitlines()]
        return {row[5]: (row[0], row[3]) for row in rows if len(row) == 6 and row[1].endswith("%")}

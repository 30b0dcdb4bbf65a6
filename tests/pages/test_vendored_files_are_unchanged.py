"""What lies in static/vendor is what its README says."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

VENDOR = Path(__file__).resolve().parents[2] / "static/vendor"


def test_every_vendored_file_has_its_checksum_and_licence() -> None:
    rows = re.findall(
        r"^\| (\S+) \|.* \((\S+)\) \| ([0-9a-f]{64}) \|$", (VENDOR / "README.md").read_text(), re.MULTILINE
    )
    sums = {name: digest for name, _, digest in rows}
    assert sums == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in VENDOR.glob("*")
        if path.suffix in {".js", ".css"}
    }
    assert all((VENDOR / licence).exists() for _, licence, _ in rows)

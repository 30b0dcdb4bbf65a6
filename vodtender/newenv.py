"""Writes a first .env: the example with fresh keys. `make env` runs it."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

from cryptography.fernet import Fernet

from vodtender.telemetry import output


def with_fresh_keys(example: str) -> str:
    """The example's text with SECRET_KEY and ENCRYPTION_KEY filled in."""
    keys = {"SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEY": Fernet.generate_key().decode()}
    lines = []
    for line in example.splitlines():
        name = line.lstrip("# ").partition("=")[0]
        lines.append(f"{name}={keys.pop(name)}" if name in keys else line)
    return "\n".join([*lines, *(f"{name}={value}" for name, value in keys.items())]) + "\n"


if __name__ == "__main__":
    output.take_over("env")
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(with_fresh_keys(source.read_text(encoding="utf-8")))
    sys.stdout.write(f"Wrote {target} with fresh keys: put your Twitch and Google credentials there.\n")

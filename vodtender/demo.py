"""The environment that points a product at the simulator. Nothing of the product knows that it is there."""

from __future__ import annotations

import os
import secrets
import shlex
import socket
from pathlib import Path

import dotenv
from cryptography.fernet import Fernet

import simulator

# What a demo wants otherwise than a real archive: quick, and everything to be seen. Each can be set from outside.
DEFAULTS = {
    "ARCHIVE_BACKLOG": "all",
    "CANCEL_POLL": "1s",
    "CHAT_AUTO_POLL_INTERVAL": "3s",
    "VOD_PROCESS_INTERVAL": "10s",
    "VOD_DISCOVERY_INTERVAL": "1m",
    "VOD_RECONCILE_DELAY": "5s",
    "PROCESSING_RETRY_COOLDOWN": "60s",
    "YOUTUBE_UPLOAD_ENABLED": "1",
    "YOUTUBE_UPLOAD_OWNERSHIP": "self",
}
KEYS = "keys.env"


def environment(data_dir: Path, ports: tuple[int, int, int]) -> dict[str, str]:
    """The variables of a demo in `data_dir`, whose simulator listens on `ports` (proxy, IRC, control)."""
    state = state_dir(data_dir)
    outside = simulator.environment(state_dir=state, proxy_port=ports[0], irc_port=ports[1])
    chosen = {name: os.environ.get(name) or value for name, value in {**DEFAULTS, **keys(state)}.items()}
    proxies = {"https_proxy": outside["HTTPS_PROXY"], "NO_PROXY": "", "no_proxy": ""}
    return {**chosen, **outside, **proxies}


def state_dir(data_dir: Path) -> Path:
    return data_dir / "simulator"


def keys(state: Path) -> dict[str, str]:
    """Keys of this demo, made at its first start."""
    state.mkdir(parents=True, exist_ok=True)
    path = state / KEYS
    if not path.exists():
        made = {"SECRET_KEY": secrets.token_urlsafe(50), "ENCRYPTION_KEY": Fernet.generate_key().decode()}
        write_private(path, made)
    return {name: value or "" for name, value in dotenv.dotenv_values(path).items()}


def write_private(path: Path, variables: dict[str, str]) -> None:
    """NAME=value lines, in a file that only its owner can read, all or nothing."""
    new = path.with_suffix(".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in variables.items())
    new.replace(path)


def free_ports(count: int) -> tuple[int, ...]:
    """Ports of loopback that nobody uses now."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = tuple(one.getsockname()[1] for one in sockets)
    for one in sockets:
        one.close()
    return ports

"""The options of `python -m simulator` and `manage.py simulate`, and the running of both."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

DESCRIPTION = (
    "Runs a loopback stand-in for Twitch (GQL, usher, CDN, Helix, OAuth, IRC) and YouTube (token, resumable upload). "
    "It prints the environment variables that point a product at it, keeps everything in its state folder, "
    "so that a second start goes on where the first stopped, and serves until Ctrl-C or SIGTERM."
)
EPILOG = (
    "Faults, the request log, chat and broadcasts are at the control endpoint: "
    "GET /state, /requests, /vods, /youtube/videos, /chat/CHANNEL; POST /vods, /vods/ID/faults, /vods/ID/playlist, "
    "/vods/ID/expire, /youtube/faults, /helix/faults, /helix/bucket, /tokens/PROVIDER, /faults, /irc/CHANNEL/say, "
    "/irc/drop, /irc/reconnect, /broadcast/CHANNEL. docs/SIMULATOR.md has all of them."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    port = "port on 127.0.0.1 for %s; 0, the default, takes a free one"
    parser.add_argument(
        "--state-dir", type=Path, default=None, help="folder for all state (default: DATA_DIR/simulator)"
    )
    parser.add_argument(
        "--media-dir",
        type=Path,
        default=None,
        help="folder for pictures and sound, may be shared (default: media in the state folder)",
    )
    parser.add_argument("--proxy-port", type=_port, default=0, help=port % "the HTTPS proxy")
    parser.add_argument("--irc-port", type=_port, default=0, help=port % "chat over TLS")
    parser.add_argument(
        "--irc-plain-port",
        type=_port,
        default=None,
        help="port on 127.0.0.1 for chat without TLS, 0 for a free one (default: not served)",
    )
    parser.add_argument("--control-port", type=_port, default=0, help=port % "the control endpoint")
    parser.add_argument(
        "--broadcast-seconds",
        type=_seconds,
        default=75.0,
        help="length of the first broadcast, 0 for none (default: 75)",
    )
    parser.add_argument(
        "--pause-seconds", type=_seconds, default=20.0, help="from its end to the second broadcast (default: 20)"
    )
    parser.add_argument(
        "--media-on-demand",
        action="store_true",
        help="make pictures and sound when they are asked for, not all of them in the background",
    )
    parser.add_argument(
        "--exit-with-stdin",
        action="store_true",
        help="also stop when standard input is closed, as when the parent dies",
    )


def run(options: dict[str, Any], write: Callable[[str], object], default_state_dir: Path | None = None) -> None:
    """Serves until SIGINT or SIGTERM. Raises OSError for a taken port or a folder that cannot be written."""
    state_dir = options["state_dir"] or default_state_dir or Path(os.environ.get("DATA_DIR", "data")) / "simulator"
    asyncio.run(_serve(state_dir, options, write))


async def _serve(state_dir: Path, options: dict[str, Any], write: Callable[[str], object]) -> None:
    from .server import Options, Simulator  # noqa: PLC0415  --help needs no web server

    ports = ("proxy_port", "irc_port", "irc_plain_port", "control_port")
    names = ("media_dir", *ports, "broadcast_seconds", "pause_seconds")
    chosen = {name: options[name] for name in names} | {"media_ahead": not options["media_on_demand"]}
    simulator = Simulator(Options(state_dir, **chosen))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    if options["exit_with_stdin"]:
        loop.add_reader(sys.stdin.fileno(), lambda: None if os.read(sys.stdin.fileno(), 4096) else stop.set())
    await simulator.start()
    try:
        for name, value in simulator.environment.items():
            write(f"{name}={value}")
        write(f"# control endpoint: http://127.0.0.1:{simulator.control_port}")
        await stop.wait()
    finally:
        if options["exit_with_stdin"]:
            loop.remove_reader(sys.stdin.fileno())
        await simulator.stop()


def _port(text: str) -> int:
    if not text.isdigit() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"a port is a number from 0 to 65535, not {text!r}")
    return int(text)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = -1
    if not 0 <= seconds < 1e9:
        raise argparse.ArgumentTypeError(f"seconds are a number from 0 up, not {text!r}")
    return seconds

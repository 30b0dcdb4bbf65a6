"""`manage.py up`: the whole product on one machine."""

from __future__ import annotations

import fcntl
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser, call_command

from oauth import tokens
from vodtender import demo, first_admin, migrating
from vodtender.checks import require_free_port, require_start
from vodtender.setup_state import missing_settings
from vodtender.supervision import Supervisor, command
from vodtender.telemetry import output

log = logging.getLogger(__name__)

SIMULATOR_SECONDS = 60.0  # until the simulator listens
WEB_SECONDS = 60.0  # until the first page is served


class Command(BaseCommand):
    help = (
        "Starts everything on this machine: brings the database up to date, then runs the web server, the worker and "
        "the chat recorder, and starts again what dies. Ctrl-C or SIGTERM stops all of it within 30 seconds. "
        "With --simulator it also starts a stand-in for Twitch and YouTube and talks to that alone."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--simulator", action="store_true", help="Try it without Twitch and YouTube: start a simulator."
        )
        parser.add_argument("--simulator-ports", metavar="PROXY,IRC,CONTROL", help="Set by --simulator itself.")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["simulator"]:
            become_demo()
        ports = options["simulator_ports"]
        require_start(certificates_come=bool(ports), schema_comes=True)
        product = Product(self.stdout, [int(port) for port in ports.split(",")] if ports else None)
        product.run()


def become_demo() -> None:
    """Runs this command again, in this process, in an environment that points at a simulator on free ports."""
    data_dir = Path(settings.DATA_DIR)
    state = demo.state_dir(data_dir)
    if (data_dir / "vodtender.sqlite3").exists() and not state.exists():
        raise CommandError(f"{data_dir} holds a real archive. Give the demo another folder: DATA_DIR=… make demo")
    try:
        ports = demo.free_ports(3)
        variables = demo.environment(data_dir, (ports[0], ports[1], ports[2]))
        host, port = settings.HTTP_ADDR
        here = {"DATA_DIR": str(data_dir), "MEDIA_DIR": str(settings.MEDIA_DIR), "HTTP_ADDR": f"{host}:{port}"}
        demo.write_private(state / "demo.env", here | {name: value for name, value in variables.items() if value})
    except OSError as error:
        raise CommandError(
            f"DATA_DIR ({data_dir}) cannot be written to: {error.strerror}. Set DATA_DIR to another folder."
        ) from None
    arguments = ["up", "--simulator-ports", ",".join(str(port) for port in ports)]
    sys.stdout.flush()
    os.execve(  # noqa: S606 - no shell is meant
        sys.executable, [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments], {**os.environ, **variables}
    )


class Product:
    """Everything that one `up` keeps running."""

    def __init__(self, out: Any, simulator_ports: list[int] | None) -> None:
        self._out = out
        self._ports = simulator_ports
        self._stop = threading.Event()
        self._simulator: subprocess.Popen[bytes] | None = None
        self._run_dir = Path(settings.DATA_DIR) / "run"

    def run(self) -> None:
        self._run_dir.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, lambda *_: self._stop.set())
        with _only_one(self._run_dir / "up.lock"):
            require_free_port()
            supervisor = Supervisor(self._run_dir)
            try:
                self._prepare()
                if not self._stop.is_set():
                    supervisor.start()
                    self._announce()
                    self._watch(supervisor)
            finally:
                if not supervisor.ended():
                    self._say("Stopping; VODs at work are given back.")
                supervisor.stop()
                self._stop_simulator()
                self._say("Stopped.")

    def _prepare(self) -> None:
        migrating.migrate()
        self._admin = first_admin.ensure()
        if self._ports:
            self._start_simulator()
            if not tokens.connected("youtube"):
                call_command("importtoken", "youtube", str(self._state() / "youtube-token.json"), stdout=_Nowhere())

    def _announce(self) -> None:
        host, port = settings.HTTP_ADDR
        address = settings.PUBLIC_URL or f"http://{_reachable(host)}:{port}"
        served = self._wait_for_web()
        self._say(f"vod-tender is at {address}" if served else f"vod-tender starts at {address}")
        self._say(f"Log in as {self._admin.username}, {self._password()}.")
        if self._ports:
            self._say(
                f"This is a demo with a simulated Twitch and YouTube. Its variables: {self._state() / 'demo.env'}"
            )
        if missing := missing_settings():
            self._say(f"Not set: {', '.join(missing)}. See docs/CONFIG.md; put them into .env and start again.")
        self._say("Ctrl-C stops it.")

    def _password(self) -> str:
        if settings.ADMIN_PASSWORD:
            return "password: the one in ADMIN_PASSWORD"
        kept = Path(settings.DATA_DIR) / "admin-password"
        if self._admin.password:
            if sys.stdout.isatty():
                return f"password: {self._admin.password} (shown this once)"
            return f"password: in {first_admin.keep_in_file(self._admin.password)}"
        return f"password: in {kept}" if kept.exists() else "with the password that you have"

    def _wait_for_web(self) -> bool:
        host, port = settings.HTTP_ADDR
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        limit = time.monotonic() + WEB_SECONDS
        while time.monotonic() < limit and not self._stop.wait(0.2):
            try:
                opener.open(f"http://{_reachable(host)}:{port}/healthz", timeout=2).close()
            except (urllib.error.URLError, OSError):
                continue
            return True
        return False

    def _watch(self, supervisor: Supervisor) -> None:
        line = _progress_line() if self._ports and sys.stdout.isatty() else None
        while not self._stop.wait(1.0):
            if supervisor.ended():
                log.error("The supervisor of our processes ended; it is started again.")
                supervisor.start()
            if self._simulator is not None and self._simulator.poll() is not None:
                log.error("The simulator ended; it is started again.")
                self._start_simulator()
            if line is not None:
                self._say(line())

    def _start_simulator(self) -> None:
        proxy, irc, control = self._ports or (0, 0, 0)
        serving = self._state() / "simulator.json"
        serving.unlink(missing_ok=True)
        arguments = ["simulate", "--state-dir", str(self._state()), "--proxy-port", str(proxy)]
        arguments += ["--irc-port", str(irc), "--control-port", str(control)]
        quiet = {
            name: value for name, value in os.environ.items() if name.lower() not in {"https_proxy", "ssl_cert_file"}
        }
        self._simulator = subprocess.Popen(
            command(*arguments),
            env=quiet,
            start_new_session=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        said = (self._simulator.stderr, "simulator")
        threading.Thread(target=output.relay, args=said, name="simulator-log", daemon=True).start()
        limit = time.monotonic() + SIMULATOR_SECONDS
        while not _serving(serving):
            if self._simulator.poll() is not None or time.monotonic() > limit or self._stop.wait(0.1):
                raise CommandError("The simulator did not start; its messages are above.")

    def _stop_simulator(self) -> None:
        if self._simulator is None or self._simulator.poll() is not None:
            return
        self._simulator.terminate()
        try:
            self._simulator.wait(5)
        except subprocess.TimeoutExpired:
            self._simulator.kill()
            self._simulator.wait()

    def _state(self) -> Path:
        return demo.state_dir(Path(settings.DATA_DIR))

    def _say(self, text: str) -> None:
        self._out.write(text)
        self._out.flush()


def _reachable(host: str) -> str:
    """`host` as it stands in an address; one that means "everywhere" is reached on loopback."""
    if host == "0.0.0.0":  # noqa: S104
        return "127.0.0.1"
    return f"[{'::1' if host == '::' else host}]" if ":" in host else host


class _Nowhere:
    def write(self, _: str) -> None:
        return

    def flush(self) -> None:
        return


def _serving(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["proxy"])
    except (OSError, ValueError, KeyError):
        return False


def _only_one(path: Path) -> IO[str]:
    """The open lock file. Raises CommandError when another `up` uses this DATA_DIR."""
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.seek(0)
        holder = file.read().strip()
        file.close()
        raise CommandError(f"vod-tender already runs on {settings.DATA_DIR} (process {holder}).") from None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _progress_line() -> Any:
    from vodtender.progress import line  # noqa: PLC0415 - only a terminal needs it

    return line

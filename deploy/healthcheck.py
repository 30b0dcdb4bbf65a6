"""Says whether one part of vod-tender is well, for `docker compose ps` and others: python deploy/healthcheck.py PART.

web       /healthz answers `ok`: the web server lives and reaches the database
worker    the worker of this DATA_DIR lives, with both its clusters
recorder  the recorder of this DATA_DIR lives, and holds the journal's lock (unless CHAT_AUTO_START is 0)

Exit status 0: well; 1: not, with a sentence why. Needs nothing but Python, and starts no Django: it is asked often.
"""

from __future__ import annotations

import fcntl
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

CLUSTERS = ("default", "media")


def web() -> str:
    """What is wrong with the web server; empty when nothing is."""
    host, _, port = os.environ.get("HTTP_ADDR", "127.0.0.1:8080").rpartition(":")
    host = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "[::]": "[::1]"}.get(host, host)  # noqa: S104
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"http://{host}:{port}/healthz", timeout=5) as answer:
            said = answer.read(100).decode(errors="replace")
    except urllib.error.HTTPError as error:
        return f"The web server says {error.read(100).decode(errors='replace')!r} ({error.code})."
    except OSError as error:
        return f"The web server does not answer: {error}."
    return "" if said == "ok" else f"The web server says {said!r}."


def worker() -> str:
    """The same of the worker."""
    running = list(ours("worker"))
    if not any("--cluster" not in words for words in running):
        return "No worker runs on this DATA_DIR."
    missing = [name for name in CLUSTERS if not any(words[-2:] == ["--cluster", name] for words in running)]
    return f"The worker lacks its cluster {' and '.join(missing)}." if missing else ""


def recorder() -> str:
    """The same of the recorder."""
    if not list(ours("recordchat")):
        return "No recorder runs on this DATA_DIR."
    if os.environ.get("CHAT_AUTO_START", "").strip().lower() in {"0", "false", "no", "off"}:
        return ""
    try:
        with (data_dir() / "chat" / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return ""
    except OSError as error:
        return f"The recorder has not begun: {error}."
    return "The recorder does not hold its lock."


def data_dir() -> Path:
    project = Path(__file__).resolve().parent.parent
    return (project / Path(os.environ.get("DATA_DIR") or "data").expanduser()).resolve()


def ours(command: str) -> Iterator[list[str]]:
    """The words of each living `manage.py command` that has this DATA_DIR."""
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            words = (folder / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
            if len(words) < 3 or not words[1].endswith("manage.py") or words[2] != command:
                continue
            variables = (folder / "environ").read_bytes().split(b"\0")
            state = (folder / "stat").read_text(errors="replace").rpartition(")")[2].split()[0]
        except OSError:
            continue  # it has ended, or is another user's
        given = b"".join(line.partition(b"=")[2] for line in variables if line.startswith(b"DATA_DIR="))
        same = os.fsdecode(given) == os.environ.get("DATA_DIR", "")
        if same and state != "Z":
            yield words


PARTS = {"web": web, "worker": worker, "recorder": recorder}


def main(arguments: list[str]) -> int:
    if len(arguments) != 1 or arguments[0] not in PARTS:
        sys.stderr.write(__doc__ or "")
        return 2
    wrong = PARTS[arguments[0]]()
    sys.stdout.write(f"{wrong or 'well'}\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Whatever a long-running process prints, warns of or dies by is a log line with a correlation id."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LINE = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ +\S+ corr=[0-9a-f]{32} .*")
FORMATS = pytest.mark.parametrize("style", ["text", "json"])
SAY = {
    "printed": "print('hello'); print('to the end', end='')",
    "printed by a thread": "t = threading.Thread(target=print, args=('hello',)); t.start(); t.join()",
    "warned": "warnings.warn('take care', UserWarning)",
    "logged before the settings are read": "logging.getLogger('x').warning('hello')",
    "a mistake in a log call": "logging.getLogger('x').warning('%d', 'hello')",
    "dying": "raise ValueError('the end\\nof it')",
    "dying, with a cause": "try:\n  1 / 0\nexcept ZeroDivisionError as e:\n  raise ValueError('the end') from e",
    "a dying thread": "t = threading.Thread(target=lambda: 1 / 0); t.start(); t.join()",
    "an error that cannot be raised": "class C:\n  def __del__(self): 1 / 0\nC()",
    "a dying child": "p = multiprocessing.get_context('fork').Process(target=lambda: 1 / 0); p.start(); p.join()",
    "a dying task": "async def f(): 1 / 0\nasync def g():\n  t = asyncio.create_task(f()); await asyncio.sleep(0)\n"
    "  await asyncio.sleep(0); del t; gc.collect()\nasyncio.run(g())",
    "said by a child that does not know better": "r, w = os.pipe()\nos.write(w, b'raw \\xff words\\nno newline')\n"
    "os.close(w)\noutput.relay(os.fdopen(r, 'rb'), 'children')",
    "written in parts": "sys.stderr.write('a'); sys.stderr.write('b\\nc'); sys.stderr.write('d\\n')",
}
PREPARED = """
import asyncio, gc, logging, multiprocessing, os, sys, threading, warnings
from vodtender.telemetry import output, starting
starting.prepare(["manage.py", "serve"])
"""


def said(code: str, style: str) -> list[str]:
    environment = {**os.environ, "LOG_FORMAT": style, "PYTHONWARNINGS": "always"}
    command = [sys.executable, "-c", PREPARED + code]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60, check=False
    )
    return done.stdout.decode().split("\n")[:-1]


@pytest.mark.parametrize("what", SAY)
@FORMATS
def test_each_line_is_a_log_line(what: str, style: str) -> None:
    lines = said(SAY[what], style)
    assert lines
    for line in lines:
        if style == "json":
            assert {"time", "level", "logger", "corr", "msg"} <= set(json.loads(line))
        else:
            assert LINE.fullmatch(line), line


def test_what_a_process_dies_by_is_one_line_with_its_traceback() -> None:
    (line,) = said(SAY["dying"], "json")
    found = json.loads(line)
    assert found["level"] == "critical"
    assert found["exc_info"].endswith(r"ValueError: the end\nof it")


@FORMATS
def test_a_bad_variable_is_said_as_a_log_line(style: str, tmp_path: Path) -> None:
    environment = {**os.environ, "LOG_FORMAT": style, "HTTP_ADDR": "nowhere", "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "manage.py", "serve"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    (line,) = (done.stdout + done.stderr).splitlines()
    assert "HTTP_ADDR should be HOST:PORT" in line
    assert json.loads(line)["corr"] if style == "json" else LINE.fullmatch(line)


@pytest.mark.parametrize(("level", "heard"), [("debug", 4), ("info", 3), ("warn", 2), ("error", 1)])
def test_the_level_also_holds_for_loggers_with_a_level_of_their_own(level: str, heard: int, tmp_path: Path) -> None:
    code = "import django\ndjango.setup()\nq = logging.getLogger('django-q')\nx = logging.getLogger('vods.x')\n"
    code += "x.debug('1'); x.info('2'); q.warning('3'); q.error('4')"
    environment = {**os.environ, "LOG_LEVEL": level, "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", PREPARED + code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    assert len(done.stderr.splitlines()) == heard


@FORMATS
def test_what_make_run_says_first_is_a_log_line(style: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "vodtender.newenv", ".env.example", str(tmp_path / "new.env")]
    environment = {**os.environ, "LOG_FORMAT": style}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60, check=True)
    (line,) = (done.stdout + done.stderr).splitlines()
    assert "with fresh keys" in line
    assert json.loads(line)["corr"] if style == "json" else LINE.fullmatch(line)


def test_people_at_a_terminal_read_plain_text() -> None:
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", PREPARED + "print('vod-tender is at http://127.0.0.1:8080')"]
    environment = {**os.environ, "LOG_FORMAT": "text"}
    subprocess.run(command, cwd=ROOT, env=environment, stdout=theirs, stderr=theirs, timeout=60, check=True)
    assert os.read(ours, 4096) == b"vod-tender is at http://127.0.0.1:8080\r\n"
    os.close(ours)
    os.close(theirs)


def test_help_is_for_people() -> None:
    command = [sys.executable, "manage.py", "serve", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.startswith("usage: manage.py serve")

"""Resolving and taking VODs from the simulated Twitch, led there by the environment alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from media_server import packets

from simulator.running import Handle, running
from simulator.seed import FLAKY, HOLE_AT, HOLED, SUB_ONLY, vod_id_of_demo

SCRIPT = """
import json, sys, threading
from dataclasses import asdict
from pathlib import Path
from vods.mediafile import Job, take
from vods.segments import Patience
from vods.ytdlp import resolve
from vodtender.http import ServiceError
vod, folder, options = sys.argv[1], Path(sys.argv[2]), json.loads(sys.argv[3])
quality = options.pop("quality", "best")
patience = Patience(missing_tries=2, backoff=0.05)
try:
    found = resolve(vod, quality=quality)
    answer = {"vod": asdict(found)}
    if not options.pop("only_resolve", False):
        job = Job(vod, found.playlist_url, found.http_headers, folder / "work", folder / "v.mp4", found.duration,
                  quality=found.quality, patience=patience, **options)
        media = take(job, on_progress=lambda _: None, stop=threading.Event(), may_publish=lambda: True)
        answer["media"] = asdict(media)
except ServiceError as error:
    answer = {"error": str(error.kind), "message": error.message, "retry_after": error.retry_after}
print(json.dumps(answer, default=str))
"""


@pytest.fixture(scope="module")
def twitch(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Handle]:
    with running(tmp_path_factory.mktemp("simulator"), "--broadcast-seconds", "0", "--media-on-demand") as handle:
        yield handle


def ask(twitch: Handle, vod: str, folder: Path, without: tuple[str, ...] = (), **options: Any) -> dict[str, Any]:
    environment = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()} | twitch.env
    environment = {name: value for name, value in environment.items() if name not in without}
    command = [sys.executable, "-c", SCRIPT, vod, str(folder), json.dumps(options)]
    root = Path(__file__).resolve().parents[3]
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_a_vod_is_resolved_and_taken_whole(twitch: Handle, tmp_path: Path) -> None:
    answer = ask(twitch, vod_id_of_demo(1), tmp_path)
    assert answer["vod"]["title"] == "From the farm to the mountain"
    assert [chapter["title"] for chapter in answer["vod"]["chapters"]] == ["Stardew Valley", "Celeste"]
    assert answer["vod"]["duration"] == 30
    assert not answer["vod"]["is_live"]
    assert answer["media"]["duration"] == pytest.approx(30, abs=0.5)
    assert set(packets(tmp_path / "v.mp4")) == {"video", "audio"}


@pytest.mark.parametrize(
    ("quality", "taken", "streams"),
    [
        ("audio_only", "Audio_Only", {"audio"}),
        ("200p", "160p", {"video", "audio"}),
        ("8K please", None, {"video", "audio"}),
    ],
)
def test_another_quality_is_taken_whole_and_named(
    twitch: Handle, tmp_path: Path, quality: str, taken: str | None, streams: set[str]
) -> None:
    answer = ask(twitch, vod_id_of_demo(1), tmp_path, quality=quality)
    assert answer["vod"]["quality"] == taken if taken else answer["vod"]["quality"] not in {"Audio_Only", "160p"}
    assert answer["media"]["quality"] == answer["vod"]["quality"]
    assert answer["media"]["duration"] == pytest.approx(30, abs=0.5)
    assert set(packets(tmp_path / "v.mp4")) == streams


def test_a_server_that_stumbles_is_asked_again(twitch: Handle, tmp_path: Path) -> None:
    answer = ask(twitch, vod_id_of_demo(FLAKY), tmp_path)
    assert answer["media"]["duration"] == pytest.approx(28, abs=0.5)


def test_a_hole_is_named_and_may_be_accepted(twitch: Handle, tmp_path: Path) -> None:
    refused = ask(twitch, vod_id_of_demo(HOLED), tmp_path)
    assert refused["error"] == "missing_segment"
    assert f"Segment {HOLE_AT} (at 0:00:" in refused["message"]
    accepted = ask(twitch, vod_id_of_demo(HOLED), tmp_path, accept_gap=True)
    assert [gap["index"] for gap in accepted["media"]["gaps"]] == [HOLE_AT]
    assert accepted["media"]["segments_resumed"] >= HOLE_AT


def test_a_vod_for_subscribers_says_so(twitch: Handle, tmp_path: Path) -> None:
    answer = ask(twitch, vod_id_of_demo(SUB_ONLY), tmp_path)
    assert answer["error"] == "restricted"
    assert "subscribers only" in answer["message"]


def test_a_vod_that_does_not_exist_is_gone(twitch: Handle, tmp_path: Path) -> None:
    assert ask(twitch, "404500429", tmp_path)["error"] == "gone"


@contextmanager
def fault(twitch: Handle, target: str, **rule: Any) -> Iterator[None]:
    twitch.control.post("/faults", target=target, **rule)
    try:
        yield
    finally:
        twitch.control.delete(f"/faults?target={target}")


def test_a_stranger_with_another_certificate_is_not_believed(twitch: Handle, tmp_path: Path) -> None:
    answer = ask(twitch, vod_id_of_demo(1), tmp_path, without=("SSL_CERT_FILE",))
    assert answer["error"] == "transient"
    assert "certificate" in answer["message"]


def test_a_segment_cut_by_its_server_with_a_length_that_agrees_is_noticed(twitch: Handle, tmp_path: Path) -> None:
    vod = vod_id_of_demo(0)
    with fault(twitch, f"vod/{vod}/segment/3", short=188 * 40):
        first = ask(twitch, vod, tmp_path)
        second = ask(twitch, vod, tmp_path)
    assert (first["error"], second["error"]) == ("transient", "invalid")
    assert "missing at 0:00:0" in second["message"]
    assert not (tmp_path / "v.mp4").exists()
    assert "media" in ask(twitch, vod, tmp_path)


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        ("gql", 503, "transient"),
        ("gql", 429, "rate_limited"),
        ("gql", 400, "outdated_ytdlp"),
        ("usher", 500, "transient"),
        ("usher", 403, "restricted"),
    ],
)
def test_errors_while_resolving_have_a_kind(
    twitch: Handle, tmp_path: Path, target: str, status: int, kind: str
) -> None:
    with fault(twitch, target, status=status):
        assert ask(twitch, vod_id_of_demo(2), tmp_path, only_resolve=True)["error"] == kind

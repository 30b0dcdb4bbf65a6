"""What the profile server answers, and what it refuses."""

from __future__ import annotations

import os
import threading

import pytest
from profiled import NO_PROXY, Planted


def test_the_index_lists_the_profiles_and_the_children(planted: Planted) -> None:
    status, page = planted.get("")
    assert status == 200
    for name in ("allocs", "block", "cmdline", "goroutine", "heap", "mutex", "profile", "threadcreate"):
        assert f'href="/debug/pprof/{name}' in page
    assert f"?pid={planted.child}" in page


def test_the_childs_index_keeps_its_pid_in_the_links(planted: Planted) -> None:
    _, page = planted.get(f"?pid={planted.child}")
    assert f"Process {planted.child}" in page
    assert f"/debug/pprof/heap?debug=1&amp;pid={planted.child}" in page


def test_the_index_allows_no_script(planted: Planted) -> None:
    with NO_PROXY.open(planted.address(""), timeout=60) as answer:
        policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy


def test_debug_1_is_text(planted: Planted) -> None:
    _, text = planted.get("goroutine?debug=1")
    assert text.startswith("goroutine profile: total ")
    assert "__main__.stand_in_a_thread" in text


def test_debug_2_shows_each_thread_and_task(planted: Planted) -> None:
    _, text = planted.get("goroutine?debug=2")
    assert text.count("__main__.stand_in_a_task(...)") == 3
    assert "[thread planted]" in text


def test_the_command_line_is_told(planted: Planted) -> None:
    assert planted.get("cmdline")[1].split("\0")[-1].endswith("planted.py")


@pytest.mark.parametrize("seconds", ["0", "-1", "x", "nan", "301", "1e9"])
def test_seconds_have_a_limit(planted: Planted, seconds: str) -> None:
    assert planted.get(f"profile?seconds={seconds}")[0] == 400


def test_a_process_that_is_no_child_is_not_asked(planted: Planted) -> None:
    assert planted.get(f"heap?pid={os.getpid()}")[0] == 404
    assert planted.get("heap?pid=../../etc")[0] == 400


def test_an_unknown_profile_is_not_found(planted: Planted) -> None:
    assert planted.get("trace")[0] == 404


def test_a_name_that_leads_to_loopback_is_not_answered(planted: Planted) -> None:
    assert planted.get("", Host="evil.example")[0] == 403


def test_one_cpu_profile_at_a_time(planted: Planted) -> None:
    answers: list[int] = []
    asking = [threading.Thread(target=lambda: answers.append(planted.get("profile?seconds=2")[0])) for _ in range(2)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    assert sorted(answers) == [200, 503]

"""`go tool pprof -top`, the real one, names what planted.py does, over HTTP from a real process."""

from __future__ import annotations

from profiled import Planted, Pprof


def test_the_cpu_profile_names_the_hot_function(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("profile?seconds=1"))
    assert next(iter(top)) == "__main__.hot_function"


def test_the_heap_profile_names_the_leak(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("heap"), "-unit=bytes")
    leak = next(iter(top))
    assert leak == "planted.leak_function"
    assert 10_000_000 <= int(top[leak][0].removesuffix("B")) < 11_000_000


def test_the_heap_profile_counts_the_leaked_objects(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("heap"), "-sample_index=inuse_objects")
    assert 1000 <= int(top["planted.leak_function"][0]) < 1100


def test_the_allocs_profile_names_the_leak(planted: Planted, pprof: Pprof) -> None:
    assert next(iter(pprof.top(planted.address("allocs")))) == "planted.leak_function"


def test_the_block_profile_names_who_waits_for_the_lock(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("block"))
    assert "planted.wait_for_the_lock" in {name.replace("__main__", "planted") for name in top}


def test_the_mutex_profile_names_who_sleeps_with_the_lock(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("mutex"))
    assert "planted.hold_the_lock_asleep" in {name.replace("__main__", "planted") for name in list(top)[:2]}


def test_the_goroutine_profile_names_threads_and_tasks(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("goroutine"))
    assert top["__main__.stand_in_a_thread"][1] == "1"
    assert top["__main__.stand_in_a_task"][1] == "3"


def test_the_threadcreate_profile_names_who_started_the_thread(planted: Planted, pprof: Pprof) -> None:
    assert pprof.top(planted.address("threadcreate"))["__main__.start_the_planted_thread"][0] == "1"


def test_a_child_is_asked_by_its_pid(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address(f"profile?seconds=1&pid={planted.child}"))
    assert next(iter(top)) == "__main__.child_hot_function"


def test_a_heap_profile_over_seconds_leaves_out_what_was_there(planted: Planted, pprof: Pprof) -> None:
    top = pprof.top(planted.address("heap?seconds=1"))
    assert "planted.leak_function" not in top

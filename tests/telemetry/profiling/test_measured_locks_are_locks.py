"""The stand-ins for threading's locks do what the real ones do."""

from __future__ import annotations

import os
import threading

import pytest

from vodtender.telemetry.profiling.locks import MeasuredLock, MeasuredRLock

BOTH = pytest.mark.parametrize("made", [MeasuredLock, MeasuredRLock])


def in_a_thread(act: object) -> object:
    """The answer that `act` gives another thread."""
    answers: list[object] = []
    thread = threading.Thread(target=lambda: answers.append(act()))  # type: ignore[operator]
    thread.start()
    thread.join()
    return answers[0]


@BOTH
def test_one_holder_at_a_time(made: type[MeasuredLock]) -> None:
    lock = made()
    with lock:
        assert in_a_thread(lambda: lock.acquire(blocking=False)) is False
        assert in_a_thread(lambda: lock.acquire(timeout=0.01)) is False
    assert in_a_thread(lambda: lock.acquire(timeout=5)) is True


def test_the_owner_of_an_rlock_may_take_it_again() -> None:
    lock = MeasuredRLock()
    with lock, lock:
        assert in_a_thread(lambda: lock.acquire(blocking=False)) is False
    with pytest.raises(RuntimeError):
        lock.release()


@BOTH
def test_a_condition_works_with_it(made: type[MeasuredLock]) -> None:
    condition = threading.Condition(made())  # type: ignore[arg-type]
    said: list[str] = []

    def wait() -> None:
        with condition:
            condition.wait_for(lambda: said, timeout=30)
            said.append("heard")

    thread = threading.Thread(target=wait)
    thread.start()
    with condition:
        said.append("said")
        condition.notify_all()
    thread.join()
    assert said == ["said", "heard"]


@BOTH
def test_a_forked_process_finds_it_free_after_reinit(made: type[MeasuredLock]) -> None:
    lock = made()
    lock.acquire()
    child = os.fork()
    if not child:
        lock._at_fork_reinit()
        os._exit(0 if lock.acquire(timeout=5) else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

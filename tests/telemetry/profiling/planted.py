"""A process with one thing planted for each profile. It serves them, forks once, and prints "ready PID-OF-THE-FORK".

Run as `python planted.py` with ENABLE_PPROF=1 and PPROF_ADDR; it ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))
os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
leaked: list[bytes] = []


def hot_function() -> None:
    number = 1
    while True:
        for _ in range(20_000):
            number = number * 3 % 251
        time.sleep(0.01)  # the others of this process want to work too


def leak_function() -> None:
    for _ in range(1000):
        leaked.append(bytes(10_000))


def hold_the_lock_asleep(lock: threading.Lock, times: int) -> None:
    for _ in range(times):
        with lock:
            time.sleep(0.05)
        time.sleep(0.01)


def wait_for_the_lock(lock: threading.Lock, times: int) -> None:
    for _ in range(times):
        time.sleep(0.01)
        with lock:
            pass


def stand_in_a_thread(until: threading.Event) -> None:
    until.wait()


async def stand_in_a_task() -> None:
    await asyncio.Event().wait()


def start_the_planted_thread() -> None:
    threading.Thread(target=stand_in_a_thread, args=(threading.Event(),), name="planted", daemon=True).start()


async def tasks() -> None:
    await asyncio.gather(*(stand_in_a_task() for _ in range(3)))


def plant() -> None:
    leak_function()
    lock = threading.Lock()
    pair = [threading.Thread(target=f, args=(lock, 10)) for f in (hold_the_lock_asleep, wait_for_the_lock)]
    for thread in pair:
        thread.start()
    for thread in pair:
        thread.join()
    start_the_planted_thread()
    threading.Thread(target=asyncio.run, args=(tasks(),), daemon=True).start()


def child_hot_function() -> None:
    number = 1
    while True:
        for _ in range(20_000):
            number = number * 3 % 251
        time.sleep(0.01)  # the others of this process want to work too


def main() -> None:
    import django

    from vodtender.telemetry import profiling
    from vodtender.telemetry.profiling import instruments

    instruments.install()
    django.setup()
    profiling.serve("web")
    child = os.fork()
    if not child:
        threading.Thread(target=child_hot_function, daemon=True).start()
        sys.stdin.read()
        os._exit(0)
    plant()
    threading.Thread(target=hot_function, daemon=True).start()
    sys.stdout.write(f"ready {child}\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()

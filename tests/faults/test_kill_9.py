"""kill -9 of one process after the other, in mid-download: what was at work goes on, exactly, and is published once."""

from __future__ import annotations

import os
import signal

import psutil
import pytest

from tests.faults.scene import PATIENCE, Scene
from tests.journey.product import until

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]


def test_of_the_busy_process(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    scene.busy_process(vod).kill()
    scene.at_full_speed(vod)
    scene.assert_exact(vod)
    assert scene.outcomes(vod) == ["lost", "succeeded"]
    assert scene.row(vod)["attempts"] == 0


def test_of_the_worker(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    [worker] = [p for p in scene.processes("worker") if "--cluster" not in p.cmdline()]
    below = worker.children(recursive=True)
    worker.kill()
    until(lambda: not [p for p in below if alive(p)], 5, "everything below the worker ends")
    scene.at_full_speed(vod)
    scene.assert_exact(vod)


def test_of_every_idle_task_process_so_that_the_cluster_takes_no_tasks(scene: Scene) -> None:
    scene.until_state(scene.new_vod(), "done")
    [parent] = [p for p in scene.processes("worker", "media") if "media" not in p.parent().cmdline()]
    [sentinel] = parent.children()
    for process in sentinel.children():
        process.kill()  # one of them holds the lock of the queue
    vod = scene.new_vod()
    scene.assert_exact(vod)


def test_of_the_sentinel(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    [parent] = [p for p in scene.processes("worker", "media") if "media" not in p.parent().cmdline()]
    [sentinel] = parent.children()
    sentinel.kill()
    scene.at_full_speed(vod)
    scene.assert_exact(vod)


def test_of_the_supervisor(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    [supervisor] = [p for p in scene.product.living() if "supervisor.supervisord" in p.cmdline()]
    supervisor.kill()
    scene.at_full_speed(vod)
    scene.assert_exact(vod)


def test_a_frozen_owner_past_its_lease_is_fenced(scene: Scene) -> None:
    vod = scene.new_vod(slow=True)
    scene.until_under_way(vod)
    frozen = scene.busy_process(vod)
    os.kill(frozen.pid, signal.SIGSTOP)
    scene.at_full_speed(vod)
    until(
        lambda: scene.row(vod)["state"] != "downloading" or str(frozen.pid) not in scene.row(vod)["lease_owner"],
        PATIENCE,
        "taken over",
    )
    if alive(frozen):
        os.kill(frozen.pid, signal.SIGCONT)
    scene.assert_exact(vod)


def alive(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("program", ["serve", "recordchat"])
def test_of_the_web_and_the_recorder(scene: Scene, program: str) -> None:
    [process] = scene.processes(program)
    process.kill()

    def back() -> bool:
        return [p.pid for p in scene.processes(program) if p.pid != process.pid] != []

    until(back, 30, f"{program} runs again")
    if program == "serve":
        until(scene.product.answers, 30, "the pages are served again")

"""Each web process says every 15 seconds how full its connection pool is: the worker, which samples, has none."""

from __future__ import annotations

import logging
import os
import socket
import threading

from django.db import DatabaseError, connection

from vods.dbclock import DbNow
from vodtender import web_load
from vodtender.gauges import pool
from vodtender.monitor.models import WebProcess
from vodtender.monitor.sampling import INTERVAL

log = logging.getLogger(__name__)


class Reporter(threading.Thread):
    """Reports until it is stopped or the process ends."""

    def __init__(self) -> None:
        super().__init__(name="monitor-report", daemon=True)
        self._stop_asked = threading.Event()

    def stop(self) -> None:
        self._stop_asked.set()
        self.join()

    def run(self) -> None:
        while not self._stop_asked.is_set():
            try:
                report()
            except DatabaseError as error:  # the next one comes in 15 seconds; health and pages say what is wrong
                log.debug("The state of the pool was not noted: %s", error)
            finally:
                connection.close()
            self._stop_asked.wait(INTERVAL)


def report() -> None:
    """Writes this process' row."""
    size, in_use = pool() if connection.vendor == "postgresql" else (web_load.THREADS, web_load.at_work())
    row = {"seen": DbNow(), "pool_size": size, "pool_in_use": in_use}
    name = f"{socket.gethostname()}:{os.getpid()}"[:120]
    if not WebProcess.objects.filter(name=name).update(**row):
        WebProcess.objects.bulk_create([WebProcess(name=name, **row)], ignore_conflicts=True)

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


def start() -> None:
    """Starts the thread of this process; it ends with it."""
    threading.Thread(target=_run, name="monitor-report", daemon=True).start()


def report() -> None:
    """Writes this process' row."""
    size, in_use = pool() if connection.vendor == "postgresql" else (web_load.THREADS, web_load.at_work())
    row = {"seen": DbNow(), "pool_size": size, "pool_in_use": in_use}
    name = f"{socket.gethostname()}:{os.getpid()}"[:120]
    if not WebProcess.objects.filter(name=name).update(**row):
        WebProcess.objects.bulk_create([WebProcess(name=name, **row)], ignore_conflicts=True)


def _run() -> None:
    pause = threading.Event()
    while not pause.wait(INTERVAL):
        try:
            report()
        except DatabaseError as error:  # the next one comes in 15 seconds; health and pages say what is wrong
            log.debug("The pool's state was not noted: %s", error)
        finally:
            connection.close()

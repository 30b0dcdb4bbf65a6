"""`manage.py worker`: processes the queue."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandParser
from django.db import DatabaseError, connection
from django_q.models import OrmQ
from django_q.tasks import async_task

from oauth import tokens
from oauth.models import Provider
from vods import discovery, dispatch, leasing, tasks
from vods.drain import watch_in_cluster_parent, watch_in_worker
from vodtender import schedules
from vodtender.broker import begun, taken_key
from vodtender.checks import require_start
from vodtender.clusters import NAMES, Clusters
from vodtender.monitor.sampling import Sampler
from vodtender.setup_state import missing_settings
from vodtender.telemetry import correlation, profiling, tracing
from vodtender.watchdog import Watchdog, give_back_tasks

log = logging.getLogger(__name__)

TAKE_BACK_SECONDS = 3.0


class Command(BaseCommand):
    help = (
        "Processes the queue: finds VODs, downloads and uploads them. Any number of workers may run on PostgreSQL; "
        "one on SQLite. Stop it with Ctrl-C or SIGTERM: VODs at work are given back within 30 seconds and go on "
        "where they stopped."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--cluster", choices=NAMES, help="Run one django-q2 cluster; the worker starts these itself."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        require_start(schema_comes=bool(options["cluster"]))  # the worker has looked
        if options["cluster"]:
            run_cluster()
        else:
            Worker().run()


def run_cluster() -> None:
    """One django-q2 cluster, until the worker's lifeline is cut."""
    from django_q.cluster import Cluster  # noqa: PLC0415 - reads Q_CLUSTER_NAME when it is imported
    from django_q.conf import Conf  # noqa: PLC0415
    from django_q.signals import post_spawn, pre_execute  # noqa: PLC0415

    class StoppableCluster(Cluster):  # type: ignore[misc]
        """django-q2's handler fails, or forgets the signal, when it comes before there is anything to stop."""

        def sig_handler(self, signum: int, frame: object) -> None:
            if self.sentinel is None or self.sentinel.pid is None:
                raise SystemExit(0)
            super().sig_handler(signum, frame)

    profiling.serve()
    post_spawn.connect(watch_in_worker, dispatch_uid="lifeline")
    tracing.load()
    if Conf.CLUSTER_NAME == dispatch.CLUSTER:
        pre_execute.connect(begun, dispatch_uid="begun")
    cluster = StoppableCluster()
    started = threading.Event()
    watch_in_cluster_parent(started)
    cluster.start()
    started.set()


class Worker:
    """The parent of the clusters: the dispatch timer, and a watch over its children."""

    def __init__(self) -> None:
        self._stop = threading.Event()
        self._clusters = Clusters()
        self._watchdog = Watchdog()
        self._sampler = Sampler()

    def run(self) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop.set())
        if missing := missing_settings():
            log.warning("Not set: %s. Nothing can be asked of the service until it is.", ", ".join(missing))
        profiling.serve("worker")
        self._clusters.start()
        try:
            self._begin()
            self._loop()
        finally:
            self._clusters.stop()

    def _begin(self) -> None:
        with correlation.correlated():
            for provider in Provider.values:
                if problem := tokens.problem(provider):
                    log.warning("%s", problem)
            discovery.ensure_channels()
            schedules.ensure()
            OrmQ.objects.filter(key=taken_key()).delete()  # by a worker that is gone
            async_task("vods.tasks.discover_newest", task_name="discovery at start")
        threading.Thread(target=_mend, name="mending", daemon=True).start()

    def _loop(self) -> None:
        next_pass = next_look = 0.0
        while not self._stop.wait(0.5):
            self._clusters.restart_dead()
            now = time.monotonic()
            try:
                if now >= next_look:
                    next_look = now + TAKE_BACK_SECONDS
                    _take_back()
                    self._watch(now)
                if now >= next_pass:
                    next_pass = now + settings.VOD_PROCESS_INTERVAL
                    dispatch.pass_once()
                self._sampler.tick()
            except DatabaseError as error:
                log.error("The database does not answer; work goes on when it does: %s", error)
                connection.close()

    def _watch(self, now: float) -> None:
        for name in NAMES:
            if self._watchdog.stuck(name, now):
                log.error("The %s cluster takes no tasks any more; it is started again.", name)
                self._clusters.restart(name)
                give_back_tasks(name)
                self._watchdog = Watchdog()
                _take_back()


def _mend() -> None:
    """What was left behind on this host: its files and processes are looked at here, not where a task happens to run.

    In a thread, because a network mount may hang.
    """
    try:
        with correlation.correlated():
            tasks.mend_orphans()
    except DatabaseError as error:
        log.error("The database does not answer; what was left behind is looked for later: %s", error)
    finally:
        connection.close()


def _take_back() -> None:
    """Who is dead is known on this host: a killed process does not keep its VOD until the lease runs out."""
    with correlation.correlated():
        if freed := leasing.take_back_from_the_dead():
            log.info("Took back %d VODs from processes that are gone.", freed)
            dispatch.fill()

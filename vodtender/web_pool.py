"""The web's connection pool on PostgreSQL. asgi.py asks for it, and so no other process has one.

A pool must not be shared over fork, and the worker, its clusters, the recorder and the commands keep one connection
for as long as they run: they gain nothing from it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from vodtender import web_load

# After a restart of the server every connection in the pool is dead. psycopg_pool notices one at a time, and a request
# that was given dead ones sleeps 1 s after the first, 2 s after the second: so few are kept that are not needed, and
# one request at rest outlives one dead connection. A server that stays away is said after `timeout` seconds; new
# connections are tried at longer and longer intervals, but afresh at least every `reconnect_timeout` seconds.
OPTIONS: dict[str, Any] = {
    "min_size": 1,
    "max_size": web_load.THREADS,
    "max_idle": 60.0,
    "timeout": 4.0,
    "reconnect_timeout": 5.0,
    "name": "web",
}


def size_and_use() -> tuple[int, int] | None:
    """The most connections of this process's pool, and how many others have one out; None without a pool."""
    pool = getattr(connections.create_connection("default"), "pool", None)
    if pool is None:
        return None
    stats = pool.get_stats()
    # Before its first use it is closed, and counts connections that it has not made.
    used = 0 if pool.closed else stats.get("pool_size", 0) - stats.get("pool_available", 0)
    mine = connections["default"]
    if mine.connection is not None and getattr(mine, "pool", None) is not None:
        used -= 1
    return int(stats["pool_max"]), max(0, int(used))


def use() -> None:
    """Gives this process a pool, once, before it asks the database anything; nothing happens on SQLite, which has none.

    A connection that is open already does not belong to the pool and must be closed before.
    """
    if connections["default"].vendor == "postgresql":
        connections.settings["default"]["OPTIONS"]["pool"] = dict(OPTIONS)  # what every thread's connection is made of

"""The web's connection pool on PostgreSQL. asgi.py asks for it, and so no other process has one.

A pool must not be shared over fork, and the worker, its clusters, the recorder and the commands keep one connection
for as long as they run: they gain nothing from it.
"""

from __future__ import annotations

from typing import Any

from django.db import connections

from vodtender import web_load

# psycopg waits longer and longer before it tries again to reach a server that is away, for up to `reconnect_timeout`
# seconds; a request that gets no connection within `timeout` seconds is answered with an error. With these two a
# server that comes back is used again within a second.
OPTIONS: dict[str, Any] = {
    "min_size": 2,
    "max_size": web_load.THREADS,
    "timeout": 3.0,
    "reconnect_timeout": 5.0,
    "name": "web",
}


def use() -> None:
    """Gives this process a pool, once, before it asks the database anything; nothing happens on SQLite, which has none.

    A connection that is open already does not belong to the pool and must be closed before.
    """
    if connections["default"].vendor == "postgresql":
        connections.settings["default"]["OPTIONS"]["pool"] = dict(OPTIONS)  # what every thread's connection is made of

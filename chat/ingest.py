"""Puts a batch of chat into the database: messages once each, their buckets, their count, and what was deleted.

Everything happens in one transaction, and a message that is there already changes nothing, so a batch may come again.
One writer per recording: SQLite's transactions are IMMEDIATE, PostgreSQL's ON CONFLICT decides by itself.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from chat.messages import ChatMessage, Deletion
from chat.models import Bucket, Message
from vodtender.telemetry import store
from vodtender.telemetry.metrics import CHAT_MESSAGES

BUCKET_MS = 30_000
_TABLE = Message._meta.db_table
_COLUMNS = ("recording_id", *(field.name for field in fields(ChatMessage)))
_COLUMN_LIST = ", ".join(_COLUMNS)
_columns_of = attrgetter(*_COLUMNS[1:])
_ARRIVED = "chat_arrived"  # PostgreSQL's temporary table


@dataclass(frozen=True, slots=True)
class Row:
    """A message and where it belongs; `channel` is the login that its count is kept under."""

    recording_id: int
    channel: str
    message: ChatMessage


Inserted = list[tuple[int, str, int]]  # recording, message id, sent_at in ms


def ingest(rows: Sequence[Row], deletions: Iterable[tuple[int, Deletion]] = ()) -> int:
    """Stores the rows and marks, by (recording, deletion), what was deleted. Returns how many rows were new.

    Raises django.db.Error; then nothing of the batch is in the database.
    """
    by_id = {row.message.message_id: row for row in rows}
    with transaction.atomic():
        inserted = _insert(list(by_id.values())) if by_id else []
        _count_buckets((recording, sent_at) for recording, _, sent_at in inserted)
        _mark_deleted(deletions)
        channels = Counter(by_id[message_id].channel for _, message_id, _ in inserted)
        store.record(*(store.Count(CHAT_MESSAGES, (channel,), amount) for channel, amount in sorted(channels.items())))
    return len(inserted)


def move(old_id: int, new_id: int, since_ms: int) -> None:
    """Gives the messages of one recording from `since_ms` on to another, buckets and all. Call it in a transaction."""
    first = since_ms // BUCKET_MS * BUCKET_MS
    if Message.objects.filter(recording_id=old_id, sent_at__gte=since_ms).update(recording_id=new_id):
        for recording_id in (old_id, new_id):
            _recount_buckets(recording_id, first)


def deleted(message: ChatMessage, at: datetime) -> ChatMessage:
    """The message marked as deleted; the first mark stays."""
    return message if message.deleted_at else replace(message, deleted_at=at)


def moment(ms: int) -> datetime:
    """A time in milliseconds since 1970 as a datetime."""
    return datetime.fromtimestamp(ms / 1000, UTC)


def _insert(rows: list[Row]) -> Inserted:
    return _insert_copy(rows) if connection.vendor == "postgresql" else _insert_each(rows)


def _insert_each(rows: list[Row]) -> Inserted:
    """For SQLite. What is there already is asked for first: executemany cannot tell which rows were new."""
    ids = json.dumps([row.message.message_id for row in rows])
    sql = f"INSERT INTO {_TABLE} ({_COLUMN_LIST}) VALUES ({', '.join(['%s'] * len(_COLUMNS))}) ON CONFLICT DO NOTHING"  # noqa: S608 - no input
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT message_id FROM {_TABLE} WHERE message_id IN (SELECT value FROM json_each(%s))",  # noqa: S608
            [ids],
        )
        known = {message_id for (message_id,) in cursor.fetchall()}
        fresh = [row for row in rows if row.message.message_id not in known]
        if fresh:
            cursor.executemany(sql, [_values(row) for row in fresh])
    return [(row.recording_id, row.message.message_id, row.message.sent_at) for row in fresh]


def _insert_copy(rows: list[Row]) -> Inserted:
    """For PostgreSQL: COPY into a temporary table that is empty again after the commit, and from there what is new."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"CREATE TEMPORARY TABLE IF NOT EXISTS {_ARRIVED} ON COMMIT DELETE ROWS "  # noqa: S608
            f"AS SELECT {_COLUMN_LIST} FROM {_TABLE} WITH NO DATA"
        )
        with cursor.copy(f"COPY {_ARRIVED} ({_COLUMN_LIST}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(_values(row))
        cursor.execute(
            f"INSERT INTO {_TABLE} ({_COLUMN_LIST}) SELECT {_COLUMN_LIST} FROM {_ARRIVED} "  # noqa: S608
            "ORDER BY sent_at ON CONFLICT DO NOTHING RETURNING recording_id, message_id, sent_at"
        )
        return [(recording, message_id, sent_at) for recording, message_id, sent_at in cursor.fetchall()]


def _values(row: Row) -> tuple[Any, ...]:
    return (row.recording_id, *_columns_of(row.message))


def _count_buckets(inserted: Iterable[tuple[int, int]]) -> None:
    counts = Counter((recording, sent_at // BUCKET_MS * BUCKET_MS) for recording, sent_at in inserted)
    if not counts:
        return
    table = Bucket._meta.db_table
    places = ", ".join(["(%s, %s, %s)"] * len(counts))
    sql = (
        f"INSERT INTO {table} (recording_id, start, messages) VALUES {places} "  # noqa: S608 - no input
        f"ON CONFLICT (recording_id, start) DO UPDATE SET messages = {table}.messages + excluded.messages"
    )
    cells = [cell for (recording, start), amount in sorted(counts.items()) for cell in (recording, start, amount)]
    with connection.cursor() as cursor:
        cursor.execute(sql, cells)


def _recount_buckets(recording_id: int, since_ms: int) -> None:
    Bucket.objects.filter(recording_id=recording_id, start__gte=since_ms).delete()
    times = Message.objects.filter(recording_id=recording_id, sent_at__gte=since_ms).values_list("sent_at", flat=True)
    _count_buckets((recording_id, sent_at) for sent_at in times.iterator())


def _mark_deleted(deletions: Iterable[tuple[int, Deletion]]) -> None:
    """One UPDATE for each recording, however many were banned at once."""
    hits: dict[int, Q] = defaultdict(Q)
    times: dict[int, datetime] = {}
    for recording_id, deletion in deletions:
        hits[recording_id] |= _hit(deletion)
        times[recording_id] = max(deletion.at, times.get(recording_id, deletion.at))
    for recording_id, hit in hits.items():
        messages = Message.objects.filter(recording_id=recording_id, deleted_at=None)
        messages.filter(hit).update(deleted_at=times[recording_id])


def _hit(deletion: Deletion) -> Q:
    if deletion.message_id:
        return Q(message_id=deletion.message_id)
    until = Q(sent_at__lte=deletion.sent_at)
    if deletion.user_id:
        return until & Q(user_id=deletion.user_id)
    return until & Q(login=deletion.login) if deletion.login else until

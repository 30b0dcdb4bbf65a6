"""Which VOD's turn it is: the order of the queue, in SQL that walks indexes however long the queue is.

The channel's priority comes first, then the VOD's own, then whose channel has waited longest, then age, within the
daily limits. What Twitch removes soon may go before all of them (VOD_URGENT_DAYS).
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from vods import dailylimits, eligible, vanishing
from vods.dbclock import here
from vods.models import Step as Stage

Row = tuple[int, str, int, str]  # id, state, generation, former owner

# A waiting VOD's row may be claimed by its state; the third one is a lease that has run out.
CLAIMABLE = {
    Stage.DOWNLOAD: (
        "state = 'queued' AND NOT live AND (not_before IS NULL OR not_before <= {now})",
        "state = 'failed' AND step = 'download' AND not_before <= {now}",
        "state = 'downloading' AND lease_until < {now} AND cancel_requested_at IS NULL",
    ),
    Stage.UPLOAD: (
        "state = 'downloaded' AND (not_before IS NULL OR not_before <= {now})",
        "state = 'failed' AND step = 'upload' AND not_before <= {now}",
        "state = 'uploading' AND lease_until < {now} AND cancel_requested_at IS NULL",
    ),
}
TURN = {Stage.DOWNLOAD: "last_download_at", Stage.UPLOAD: "last_upload_at"}  # of a channel


def next_row(cursor: Any, stage: Stage, channels: list[int], vod_id: int | None) -> Row | None:
    """The VOD that comes next, or of the one named when it may be taken."""
    if stage == Stage.DOWNLOAD and (row := _soonest_to_vanish(cursor, channels, vod_id)) is not None:
        return row
    conditions = _conditions(stage, vod_id)
    for tier in eligible.tiers(channels):
        pick = _pick(stage, tier, conditions)
        cursor.execute(f"SELECT id, state, lease_generation, lease_owner FROM vods_vod WHERE id = ({pick})", [])  # noqa: S608
        found: Row | None = cursor.fetchone()
        if found is not None:
            return found
    return None


def claimable(stage: Stage, channels: list[int], most: int) -> int:
    """How many VODs wait for `stage`, counted up to `most`."""
    if not channels:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM ({_waiting(stage, channels, most)}) w", [])  # noqa: S608
        return min(most, int(cursor.fetchone()[0]))


def _soonest_to_vanish(cursor: Any, channels: list[int], vod_id: int | None) -> Row | None:
    """The row of the VOD that Twitch removes soonest, of those that are urgent; None when none is."""
    if (before := vanishing.urgent_before()) is None:
        return None
    urgent = f" AND type = 'archive' AND redo = '' AND started_at <= {here(-before)}"
    if vod_id is not None:
        urgent += f" AND id = {int(vod_id)}"
    among = ", ".join(str(int(channel)) for channel in channels)
    parts = [
        f"SELECT * FROM (SELECT id, state, lease_generation, lease_owner, started_at FROM vods_vod "  # noqa: S608
        f"WHERE {condition.format(now=here())}{urgent} AND channel_id IN ({among}) "
        f"ORDER BY started_at LIMIT 1) t{number}"
        for number, condition in enumerate(CLAIMABLE[Stage.DOWNLOAD])
    ]
    sql = f"SELECT * FROM ({' UNION ALL '.join(parts)}) urgent ORDER BY started_at, id LIMIT 1"  # noqa: S608
    cursor.execute(sql, [])
    found = cursor.fetchone()
    return (found[0], found[1], found[2], found[3]) if found else None


def _pick(stage: Stage, channels: list[int], conditions: list[str]) -> str:
    """SQL for the id of the one whose turn it is among these channels, which are of equal priority. Numbers only.

    For each channel and each way to wait the index gives the first; only those are compared.
    """
    among, turn = ", ".join(str(int(channel)) for channel in channels), TURN[stage]
    parts = [
        f"SELECT v.id, v.priority, c.{turn} AS turn, v.started_at FROM vods_channel c JOIN vods_vod v ON v.id = ("  # noqa: S608
        f"SELECT id FROM vods_vod WHERE {condition} AND channel_id = c.id ORDER BY priority DESC, started_at LIMIT 1"
        f") WHERE c.id IN ({among})"
        for condition in conditions
    ]
    order = "priority DESC, turn NULLS FIRST, started_at, id"
    return f"SELECT id FROM ({' UNION ALL '.join(parts)}) waiting ORDER BY {order} LIMIT 1"  # noqa: S608


def _conditions(stage: Stage, vod_id: int | None = None) -> list[str]:
    """SQL for each way to wait for `stage` now, within the daily limits."""
    only = dailylimits.sql(stage) + (f" AND id = {int(vod_id)}" if vod_id is not None else "")
    return [condition.format(now=here()) + only for condition in CLAIMABLE[stage]]


def _waiting(stage: Stage, channels: list[int], limit: int) -> str:
    """SQL for the first `limit` VODs of each way to wait, so that each can walk its index. Holds numbers only."""
    among = ", ".join(str(int(channel)) for channel in channels)
    parts = [
        f"SELECT * FROM (SELECT id, priority, started_at FROM vods_vod "  # noqa: S608
        f"WHERE {condition} AND channel_id IN ({among}) "
        f"ORDER BY priority DESC, started_at LIMIT {int(limit)}) t{number}"
        for number, condition in enumerate(_conditions(stage))
    ]
    return " UNION ALL ".join(parts)

"""Reserves the space that a download will need, so that two at once do not count on the same free bytes."""

from __future__ import annotations

import shutil
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.db.models import QuerySet

from vods import mediadir
from vods.dbclock import DbNow
from vods.leasing import Lease
from vods.models import State, Vod
from vods.owner import host_name
from vods.places import work_folder
from vodtender.http import ErrorKind, ServiceError

ASSUMED_BYTES_PER_SECOND = 1_000_000  # 8 Mbit/s, the most that Twitch's partners usually send
RESERVE_BYTES = 200_000_000
COPIES = 2  # the part file and the remuxed file stand side by side
_RESERVE_LOCK = 7_202_003  # a PostgreSQL advisory lock


def folder_trouble(*, writing: bool) -> ServiceError | None:
    """Why MEDIA_DIR cannot be used now; what waits goes on by itself."""
    seen = mediadir.look(Path(settings.MEDIA_DIR), Path(settings.DATA_DIR))
    if seen.condition is mediadir.Condition.OK or (seen.readable and not writing):
        return None
    return ServiceError("disk", ErrorKind.DISK_FULL, f"{seen.text} It goes on by itself when that is mended.")


def reserve(lease: Lease) -> ServiceError | None:
    """Why the VOD cannot be begun now; None: the space for its file and the remux of it is reserved. Raises LeaseLost.

    1. What running downloads have written is measured before what is free: what they write between counts twice, never
       not at all.
    2. In one transaction (IMMEDIATE on SQLite, behind an advisory lock on PostgreSQL): what they may still write is
       taken off, and this VOD's need is written to its row. Leaving the lease gives it back, a lost lease counts no
       more.
    """
    if (trouble := folder_trouble(writing=True)) is not None:
        return trouble
    vod = lease.vod
    try:
        written = {other.pk: _written(other.twitch_id) for other in _others(vod)}
        own = _written(vod.twitch_id)
        free = _free()
    except OSError as error:
        text = f"MEDIA_DIR ({settings.MEDIA_DIR}) cannot be read: {error.strerror}. It goes on when it is there again."
        return ServiceError("disk", ErrorKind.DISK_FULL, text)
    whole = int(vod.duration * ASSUMED_BYTES_PER_SECOND) * COPIES
    needed = max(0, whole - own)
    with transaction.atomic():
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_RESERVE_LOCK])
        promised = sum(max(0, other.reserved_bytes - written.get(other.pk, 0)) for other in _others(vod))
        if free - promised >= needed + RESERVE_BYTES:
            lease.save(reserved_bytes=whole)
            return None
    return _too_little(vod, free, promised, needed + RESERVE_BYTES)


def _others(vod: Vod) -> QuerySet[Vod]:
    """Downloads that have reserved space on the same disk and still hold their lease."""
    rows = Vod.objects.filter(state=State.DOWNLOADING, lease_until__gte=DbNow(), reserved_bytes__gt=0)
    if not getattr(settings, "SHARED_MEDIA", False):
        rows = rows.filter(lease_owner__startswith=f"{host_name()}|")
    return rows.exclude(pk=vod.pk).only("pk", "twitch_id", "reserved_bytes")


def _written(twitch_id: str) -> int:
    """Bytes in the work folder. A file that is renamed away meanwhile is not in it any more."""
    size = 0
    for file in work_folder(twitch_id).glob("*"):
        try:
            size += file.stat().st_size if file.is_file() else 0
        except FileNotFoundError:
            continue
    return size


def _free() -> int:
    """Free bytes on MEDIA_DIR's disk; before its first use, on that of the folder that it will be made in."""
    folder = Path(settings.MEDIA_DIR)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


def _too_little(vod: Vod, free: int, promised: int, needed: int) -> ServiceError:
    kept = f", {_amount(promised)} of it for downloads that run now," if promised else ""
    text = (
        f"There is too little space in MEDIA_DIR ({settings.MEDIA_DIR}) for VOD {vod.twitch_id}: "
        f"{_amount(free)} are free{kept} and about {_amount(needed)} are needed. Make room; it goes on by itself."
    )
    return ServiceError("disk", ErrorKind.DISK_FULL, text)


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"

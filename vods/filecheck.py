"""Are the video files what the rows say? Reads only; nothing is changed.

A file is compared by size, then by the SHA-256 that was made at its download. A file of another host is looked for here
too (the folder may be shared), and is not missing when it is not.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from vods.models import WORKING, State, Vod
from vods.owner import host_name
from vods.verify import sha256_of


class Finding(StrEnum):
    RIGHT = "right"
    MISSING = "missing"
    SIZE = "wrong size"
    CHANGED = "changed"
    UNREADABLE = "unreadable"
    NO_SUM = "right size, no checksum"
    ELSEWHERE = "on another host"
    AT_WORK = "downloaded anew just now"
    NO_ROW = "no VOD has it"


FINE = frozenset({Finding.RIGHT, Finding.NO_SUM, Finding.ELSEWHERE, Finding.AT_WORK})


@dataclass(frozen=True)
class Checked:
    """`vod`: its Twitch id, "" for a file without a row; `path` is below MEDIA_DIR; `size` in bytes, if it is there."""

    vod: str
    path: str
    finding: Finding
    size: int | None = None
    detail: str = ""

    @property
    def wrong(self) -> bool:
        return self.finding not in FINE


def check_rows(vods: QuerySet[Vod], *, quick: bool, stop: threading.Event) -> Iterator[Checked]:
    """Every VOD of these that has a file, oldest first. `quick`: sizes only. Raises Stopped."""
    for pk in vods.exclude(file_path="").order_by("started_at", "pk").values_list("pk", flat=True):
        if (checked := _settled(pk, quick, stop)) is not None:
            yield checked


def files_without_row() -> Iterator[Checked]:
    """Files in MEDIA_DIR that no row names, but for hidden ones and those of a VOD that is at work.

    The rows are asked for each file, after it was seen: a file that is finished meanwhile has one by then, or its VOD
    is still at work."""
    root = Path(settings.MEDIA_DIR)
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(name for name in names if not name.startswith(".")):
            path = Path(folder, name)
            below = path.relative_to(root).as_posix()
            if not _has_row(below, path.stem):
                yield Checked("", below, Finding.NO_ROW, path.stat().st_size if path.exists() else None)


def _has_row(below: str, stem: str) -> bool:
    if not below.isprintable():  # none of ours; and what is not UTF-8 cannot be asked for
        return False
    at_work = Vod.objects.filter(twitch_id=stem, state__in=WORKING)
    return at_work.exists() or Vod.objects.filter(file_path=below).exists()


def _settled(pk: int, quick: bool, stop: threading.Event) -> Checked | None:
    """What is found wrong while the row changes is looked at again. None when the row has no file any more."""
    while True:
        vod = Vod.objects.filter(pk=pk).exclude(file_path="").first()
        if vod is None:
            return None
        checked = _check(vod, quick, stop)
        if checked.wrong and vod.state == State.DOWNLOADING:  # the new file comes before its row
            checked = replace(checked, finding=Finding.AT_WORK, detail=str(checked.finding))
        if not checked.wrong or not _changed_since(vod):
            return checked


def _changed_since(vod: Vod) -> bool:
    facts = {"file_path": vod.file_path, "file_size": vod.file_size, "file_sha256": vod.file_sha256}
    return not Vod.objects.filter(pk=vod.pk, state=vod.state, **facts).exists()


def _check(vod: Vod, quick: bool, stop: threading.Event) -> Checked:
    path = Path(settings.MEDIA_DIR) / vod.file_path
    try:
        if not path.is_file():
            if vod.file_host not in {"", host_name()}:
                return Checked(vod.twitch_id, vod.file_path, Finding.ELSEWHERE, vod.file_size, vod.file_host)
            return Checked(vod.twitch_id, vod.file_path, Finding.MISSING)
        size = path.stat().st_size
        finding, detail = Finding.RIGHT, ""
        if size != vod.file_size:
            finding, detail = Finding.SIZE, f"should be {vod.file_size}"
        elif not vod.file_sha256:
            finding = Finding.NO_SUM
        elif not quick and sha256_of(path, stop) != vod.file_sha256:
            finding = Finding.CHANGED
    except OSError as error:
        return Checked(vod.twitch_id, vod.file_path, Finding.UNREADABLE, None, error.strerror or str(error))
    return Checked(vod.twitch_id, vod.file_path, finding, size, detail)

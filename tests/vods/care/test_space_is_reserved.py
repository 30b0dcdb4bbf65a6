"""Two downloads never count on the same free bytes; who finds too little waits, and goes on by itself."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from tests import cast
from vods import leasing, places, processing, space
from vods.leasing import Lease, Stage
from vods.models import Attempt, State, Vod
from vods.owner import host_name
from vods.space import ASSUMED_BYTES_PER_SECOND, COPIES, RESERVE_BYTES
from vodtender.http import ErrorKind

pytestmark = pytest.mark.django_db(transaction=True)

NEED = 100 * ASSUMED_BYTES_PER_SECOND * COPIES  # of a VOD of 100 seconds


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.DATA_DIR, settings.MEDIA_DIR = tmp_path, tmp_path / "media"
    return Path(settings.MEDIA_DIR)


def free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(space, "_free", lambda: size)


def claimed() -> Lease:
    vod = cast.vod(duration=100.0)
    lease = leasing.claim(Stage.DOWNLOAD, limit=9, channels=[vod.channel_id], vod_id=vod.pk)
    assert lease is not None
    return lease


def test_two_at_once_do_not_count_on_the_same_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, RESERVE_BYTES + NEED + NEED // 2)
    first, second = claimed(), claimed()
    assert space.reserve(first) is None
    problem = space.reserve(second)
    assert problem is not None
    assert problem.kind is ErrorKind.DISK_FULL
    assert "200 MB of it for downloads that run now" in problem.message
    first.leave(State.QUEUED)
    assert space.reserve(second) is None


def test_of_many_that_ask_at_once_as_many_begin_as_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    free(monkeypatch, RESERVE_BYTES + 2 * NEED + NEED // 2)
    leases = [claimed() for _ in range(6)]
    start, begun = threading.Barrier(len(leases)), []

    def ask(lease: Lease) -> None:
        try:
            start.wait(30)
            if space.reserve(lease) is None:
                begun.append(lease)
        finally:
            connection.close()

    threads = [threading.Thread(target=ask, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(begun) == 2


def test_what_a_running_download_has_written_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, RESERVE_BYTES + 2 * NEED)
    first, second = claimed(), claimed()
    assert space.reserve(first) is None
    folder = places.work_folder(first.vod.twitch_id)
    folder.mkdir(parents=True)
    with (folder / "part").open("wb") as file:
        file.truncate(NEED // 2)
    free(monkeypatch, RESERVE_BYTES + NEED + NEED // 2)
    assert space.reserve(second) is None


@pytest.mark.parametrize(
    ("fields", "counts"),
    [
        ({"lease_owner": "elsewhere|boot|1|1"}, False),
        ({"lease_until": datetime.now(UTC) - timedelta(seconds=1)}, False),
        ({"state": State.DONE}, False),
        ({"lease_owner": f"{host_name()}|boot|1|1"}, True),
    ],
)
def test_only_live_downloads_of_this_host_count(
    monkeypatch: pytest.MonkeyPatch, fields: dict[str, Any], counts: bool
) -> None:
    free(monkeypatch, RESERVE_BYTES + NEED + NEED // 2)
    first, second = claimed(), claimed()
    assert space.reserve(first) is None
    Vod.objects.filter(pk=first.vod.pk).update(**fields)
    assert (space.reserve(second) is not None) == counts


def test_with_too_little_space_it_waits_uncharged_and_goes_on_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, RESERVE_BYTES)
    vod = cast.vod(duration=100.0)
    processing.process_once(Stage.DOWNLOAD)
    vod.refresh_from_db()
    assert (vod.state, vod.error_kind, vod.attempts, vod.reserved_bytes) == (State.FAILED, "disk_full", 0, 0)
    assert not Attempt.objects.exists()
    Vod.objects.update(not_before=datetime.now(UTC) - timedelta(seconds=1))
    free(monkeypatch, RESERVE_BYTES + NEED)
    begun: list[int] = []

    def download(lease: Lease) -> None:
        begun.append(Vod.objects.get().reserved_bytes)
        raise leasing.LeaseLost

    monkeypatch.setattr(processing, "download_vod", download)
    processing.process_once(Stage.DOWNLOAD)
    assert begun == [NEED]


def test_an_upload_waits_for_the_folder_and_needs_no_space(media: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free(monkeypatch, 0)
    assert space.folder_trouble(writing=False) is None
    (media.parent / "media-dir").write_text(f"{media}\n")
    problem = space.folder_trouble(writing=False)
    assert problem is not None
    assert "Is its disk mounted?" in problem.message

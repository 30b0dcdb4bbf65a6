"""Downloads one VOD: asks Twitch what it is, takes its segments, verifies the file, and puts it in its place."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.db import transaction

from vods import mediafile, ytdlp
from vods.leasing import Lease
from vods.models import Chapter, Vod
from vods.places import video_file, work_folder
from vods.stopped import Stopped
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry import tracing

log = logging.getLogger(__name__)

ASSUMED_BYTES_PER_SECOND = 1_000_000  # 8 Mbit/s, the most that Twitch's partners usually send
RESERVE_BYTES = 200_000_000
COPIES = 2  # the part file and the remuxed file stand side by side


class StillLive(Exception):
    """The broadcast still runs: what Twitch has now is only its beginning."""

    is_failure = False  # for traces


def download_vod(lease: Lease) -> mediafile.MediaFile:
    """The finished file. Raises ServiceError, StillLive, Stopped, LeaseLost."""
    vod = lease.vod
    quality = vod.channel.quality or settings.DOWNLOAD_QUALITY
    resolved = _resolve(vod, quality)
    if lease.stop.is_set():
        raise Stopped
    if resolved.is_live:
        raise StillLive
    _save_metadata(lease, resolved)
    target = video_file(vod.channel.login, vod.twitch_id)
    folder = work_folder(vod.twitch_id)
    rate_folder = Path(settings.DATA_DIR) / "run"
    for place in (target.parent, folder, rate_folder):
        place.mkdir(parents=True, exist_ok=True)

    def on_progress(progress: mediafile.Progress) -> None:
        lease.report(progress.bytes_done, progress.bytes_total)

    def renew() -> tuple[str, Mapping[str, str]]:
        """Twitch's addresses run out in the middle of a long download."""
        anew = _resolve(vod, quality)
        return anew.playlist_url, _headers(anew.http_headers)

    job = mediafile.Job(
        twitch_id=vod.twitch_id,
        playlist_url=resolved.playlist_url,
        headers=_headers(resolved.http_headers),
        work_dir=folder,
        target=target,
        expected_duration=resolved.duration,
        connections=settings.DOWNLOAD_CONNECTIONS,
        accept_gap=vod.accept_gap,
        rate_limit=settings.DOWNLOAD_RATE_LIMIT,
        quality=resolved.quality,
        ffmpeg=settings.FFMPEG_PATH,
        rate_folder=rate_folder,
        renew=renew,
    )
    try:
        return mediafile.take(job, on_progress=on_progress, stop=lease.stop, may_publish=lease.is_ours)
    except mediafile.StillGrowing:
        raise StillLive from None


def _resolve(vod: Vod, quality: str) -> ytdlp.ResolvedVod:
    with tracing.span("resolve"):
        return ytdlp.resolve(vod.twitch_id, quality=quality)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() != "accept-encoding"}


def _save_metadata(lease: Lease, resolved: ytdlp.ResolvedVod) -> None:
    with transaction.atomic():
        fields: dict[str, object] = {"live": False}
        if resolved.duration:
            fields["duration"] = resolved.duration
        if resolved.title:
            fields["title"] = resolved.title.replace("\x00", "")[:500]
        lease.save(**fields)
        Chapter.objects.filter(vod=lease.vod).delete()
        Chapter.objects.bulk_create(
            [
                Chapter(
                    vod=lease.vod, title=chapter.title.replace("\x00", "")[:300], start=chapter.start, end=chapter.end
                )
                for chapter in {chapter.start: chapter for chapter in resolved.chapters}.values()
            ]
        )


def too_little_space(vod: Vod) -> ServiceError | None:
    """Why the VOD cannot be begun, when its file and the remux of it would not fit."""
    folder = work_folder(vod.twitch_id)
    try:
        free = shutil.disk_usage(settings.MEDIA_DIR).free
        done = sum(file.stat().st_size for file in folder.glob("*") if file.is_file())
    except OSError as error:
        text = f"MEDIA_DIR ({settings.MEDIA_DIR}) cannot be read: {error.strerror}. It goes on when it is there again."
        return ServiceError("disk", ErrorKind.DISK_FULL, text)
    needed = int(vod.duration * ASSUMED_BYTES_PER_SECOND) * COPIES - done + RESERVE_BYTES
    if free >= needed:
        return None
    text = (
        f"There is too little space in MEDIA_DIR ({settings.MEDIA_DIR}) for VOD {vod.twitch_id}: "
        f"{_amount(free)} are free and about {_amount(needed)} are needed. Make room; it goes on by itself."
    )
    return ServiceError("disk", ErrorKind.DISK_FULL, text)


def _amount(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.0f} MB"

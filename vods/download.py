"""Downloads one VOD: asks Twitch what it is, takes its segments, verifies the file, and puts it in its place."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from pathlib import Path

from django.conf import settings
from django.db import transaction

from vods import mediadir, mediafile, ytdlp
from vods.diskerrors import named_disk_errors
from vods.leasing import Lease
from vods.models import Chapter, Vod
from vods.places import video_file, work_folder
from vods.stopped import Stopped
from vodtender.telemetry import tracing

log = logging.getLogger(__name__)


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
    with named_disk_errors(folder):
        for place in (target.parent, folder, rate_folder):
            place.mkdir(parents=True, exist_ok=True)
        mediadir.note(Path(settings.MEDIA_DIR), Path(settings.DATA_DIR))

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

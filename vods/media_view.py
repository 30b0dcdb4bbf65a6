"""Videos to watch: an async view that answers byte ranges (RFC 9110 §14) with flat memory.

Django's FileResponse ignores Range and, under ASGI, reads the whole file first; so this view does its own reading.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from email.utils import formatdate
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.views.decorators.http import require_safe

from vods.access import may_watch
from vods.models import Vod

CHUNK = 256 * 1024
_RANGE = re.compile(r"bytes=\s*(\d{0,19})-(\d{0,19})\s*")


class UnsatisfiableRange(Exception):
    """The range lies behind the end of the file."""


@dataclass(frozen=True)
class Span:
    """Bytes `first` to `last`, both included."""

    first: int
    last: int

    @property
    def length(self) -> int:
        return self.last - self.first + 1


def parse_range(header: str, size: int) -> Span | None:
    """The one range of a Range header, cut to the file's size; None when the whole file is to be sent.

    What is not one well-formed byte range (another unit, several ranges, last before first) is ignored, as RFC 9110
    allows. Raises UnsatisfiableRange for a range that holds no byte of the file.
    """
    match = _RANGE.fullmatch(header.strip())
    if not match or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        if int(last) == 0 or size == 0:
            raise UnsatisfiableRange
        return Span(max(0, size - int(last)), size - 1)
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise UnsatisfiableRange
    return Span(int(first), min(int(last), size - 1) if last else size - 1)


def video_path(vod: Vod) -> Path | None:
    """The VOD's file on this machine; None when there is none, or when its path leads out of MEDIA_DIR."""
    if not vod.file_path or "\x00" in vod.file_path:
        return None
    folder = Path(settings.MEDIA_DIR).resolve()
    path = (folder / vod.file_path).resolve()
    return path if path.is_relative_to(folder) and path.is_file() else None


@require_safe
@login_not_required
async def video(request: HttpRequest, twitch_id: str) -> HttpResponseBase:
    """The video of a VOD, or the bytes of it that were asked for. `?download` offers it as a file."""
    vod = await Vod.objects.select_related("channel").filter(twitch_id=twitch_id).afirst()
    user = await request.auser()
    if not user.is_authenticated and not (vod and may_watch(user, vod)):
        return redirect_to_login(request.get_full_path())
    path = await asyncio.to_thread(video_path, vod) if vod else None
    if vod is None or path is None:
        raise Http404("There is no video file of this VOD here.")
    facts = await asyncio.to_thread(path.stat)
    response = _answer(request, path, facts)
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    if "download" in request.GET:
        response["Content-Disposition"] = f'attachment; filename="{download_name(vod)}"'
    return response


def download_name(vod: Vod) -> str:
    """A file name of plain characters: channel, date and id. Titles stay out of file names."""
    login = re.sub(r"[^a-z0-9_]", "", vod.channel.login.lower()) or "channel"
    number = re.sub(r"\D", "", vod.twitch_id) or "vod"
    return f"{login}_{vod.started_at:%Y-%m-%d}_{number}.mp4"


def _answer(request: HttpRequest, path: Path, facts: os.stat_result) -> HttpResponseBase:
    size = facts.st_size
    etag = f'"{facts.st_mtime_ns:x}-{size:x}"'
    modified = formatdate(facts.st_mtime, usegmt=True)
    if _unchanged(request, etag, modified):
        response: HttpResponseBase = HttpResponse(status=304)
    else:
        try:
            span = parse_range(_range_header(request, etag, modified), size)
        except UnsatisfiableRange:
            response = HttpResponse(status=416, content_type="video/mp4")
            response["Content-Range"] = f"bytes */{size}"
            return response
        response = _body(request, path, span, size)
    response["ETag"] = etag
    response["Last-Modified"] = modified
    return response


def _unchanged(request: HttpRequest, etag: str, modified: str) -> bool:
    known = request.headers.get("If-None-Match", "")
    if known:
        return known.strip() == "*" or etag in {tag.strip().removeprefix("W/") for tag in known.split(",")}
    return request.headers.get("If-Modified-Since", "") == modified


def _range_header(request: HttpRequest, etag: str, modified: str) -> str:
    """The Range header, unless If-Range says that the client's part is of another file."""
    condition = request.headers.get("If-Range", "").strip()
    return "" if condition and condition not in {etag, modified} else request.headers.get("Range", "")


def _body(request: HttpRequest, path: Path, span: Span | None, size: int) -> HttpResponseBase:
    part = span or Span(0, size - 1)
    status = 206 if span else 200
    if request.method == "HEAD":
        response: HttpResponseBase = HttpResponse(status=status, content_type="video/mp4")
    else:
        response = StreamingHttpResponse(read_span(path, part), status=status, content_type="video/mp4")
    response["Content-Length"] = str(part.length)
    if span:
        response["Content-Range"] = f"bytes {span.first}-{span.last}/{size}"
    return response


async def read_span(path: Path, span: Span) -> AsyncIterator[bytes]:
    """The span's bytes in chunks; reading happens in a thread. Ends early when the file has become shorter."""
    file = await asyncio.to_thread(path.open, "rb", 0)
    try:
        place, left = span.first, span.length
        while left > 0:
            chunk = await asyncio.to_thread(os.pread, file.fileno(), min(CHUNK, left), place)
            if not chunk:
                return
            yield chunk
            place, left = place + len(chunk), left - len(chunk)
    finally:
        file.close()

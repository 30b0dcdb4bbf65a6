"""What pages ask of chat: a stretch of messages as JSON, and what is being recorded now."""

from __future__ import annotations

import math

from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from chat import pages, queries
from vods.access import may_watch, open_with_public_archive
from vods.queries import vod_by_twitch_id

WINDOW_SECONDS = 60.0
LONGEST_WINDOW = 600.0
MOST_MESSAGES = 500


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The recordings that run now, as a part of the start page."""
    return render(request, "chat/live.html", {"recordings": queries.recording_now()})


@require_safe
@open_with_public_archive
def window(request: HttpRequest, twitch_id: str) -> HttpResponseBase:
    """Messages of a VOD from `from` to `to` (seconds of the video) as JSON.

    `{"from", "to", "messages": [{id, t, kind, name, colour, text, system, deleted}]}`, `t` in seconds of the video.
    At most MOST_MESSAGES: when there are more, `to` is moved back to where the next window begins. With `first=1` also
    `count` (messages of the whole VOD) and `gaps`.
    """
    vod = vod_by_twitch_id(twitch_id)
    if vod is None:
        raise Http404(f"There is no VOD {twitch_id}.")
    if not may_watch(request.user, vod):
        return redirect_to_login(request.get_full_path())
    start = _seconds(request.GET.get("from"), 0.0)
    end = min(max(start, _seconds(request.GET.get("to"), start + WINDOW_SECONDS)), start + LONGEST_WINDOW)
    messages = pages.lines(vod, start, end, MOST_MESSAGES + 1)
    if len(messages) > MOST_MESSAGES:
        end, messages = _cut(messages)
    answer = {"from": start, "to": end, "messages": messages}
    if request.GET.get("first"):
        answer |= {"count": queries.message_count(vod), "gaps": pages.gaps(vod)}
    return JsonResponse(answer)


def _cut(messages: list[dict[str, object]]) -> tuple[float, list[dict[str, object]]]:
    """Leaves out the last moment's messages, so that the next window can begin there without losing or doubling one.

    When all stand at one moment they are kept, and the next window begins a millisecond later.
    """
    last = float(str(messages[-1]["t"]))
    kept = [message for message in messages if message["t"] != messages[-1]["t"]]
    return (last, kept) if kept else (round(last + 0.001, 3), messages)


def _seconds(text: str | None, default: float) -> float:
    """A number of seconds within reason; anything else is the default."""
    try:
        value = float(text or "")
    except ValueError:
        return default
    return min(max(value, -86_400.0), 10_000_000.0) if math.isfinite(value) else default

"""Which channels' VODs may be taken up now: switches, pauses, circuit breakers, connected accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import groupby
from operator import itemgetter

from django.conf import settings
from django.db.models import Count, Q

from oauth import tokens
from vods import circuit
from vods.models import Channel, Circuit, State, Step, Switchboard, Vod


def limit(step: Step) -> int:
    """How many VODs may be at work in this step at once."""
    return settings.MAX_CONCURRENT_DOWNLOADS if step == Step.DOWNLOAD else settings.MAX_CONCURRENT_UPLOADS


def channels(step: Step) -> list[int]:
    """Ids of the channels whose VODs may be claimed for `step` now."""
    board = Switchboard.read()
    if board.paused:
        return []
    return _for_upload(board) if step == Step.UPLOAD else _for_download()


def tiers(among: list[int] | None = None) -> list[list[int]]:
    """Ids of the channels, or of those of `among`, by the channels' priority: who comes first stands first."""
    rows = Channel.objects.all() if among is None else Channel.objects.filter(pk__in=among)
    ranked = rows.order_by("-priority").values_list("priority", "pk")
    return [[pk for _, pk in tier] for _, tier in groupby(ranked, key=itemgetter(0))]


def uploads_enabled() -> bool:
    return bool(settings.YOUTUBE_UPLOAD_ENABLED and settings.YOUTUBE_UPLOAD_OWNERSHIP)


def upload_wanted(vod: Vod) -> bool:
    return uploads_enabled() and vod.channel.upload and not vod.skip_upload and not vod.youtube_id


def open_circuits(now: datetime) -> None:
    """Turns every circuit half-open whose time is over."""
    for channel in Channel.objects.filter(circuit_state=Circuit.OPEN, circuit_open_until__lte=now):
        circuit.let_probe(channel, now)
    board = Switchboard.read()
    if board.circuit_state == Circuit.OPEN:
        circuit.let_probe(board, now)


def _for_download() -> list[int]:
    open_circuits(datetime.now(UTC))
    at_work = Count("vods", filter=Q(vods__state=State.DOWNLOADING))
    rows = Channel.objects.filter(archive=True, paused=False)
    closed = list(rows.filter(circuit_state=Circuit.CLOSED).values_list("pk", flat=True))
    probing = rows.filter(circuit_state=Circuit.HALF_OPEN).annotate(at_work=at_work)
    return closed + [channel.pk for channel in probing if circuit.allows(channel, channel.at_work)]


def _for_upload(board: Switchboard) -> list[int]:
    if board.uploads_paused or not uploads_enabled() or not tokens.connected("youtube"):
        return []
    if board.circuit_state != Circuit.CLOSED:
        open_circuits(datetime.now(UTC))
        board = Switchboard.read()
        if not circuit.allows(board, Vod.objects.filter(state=State.UPLOADING).count()):
            return []
    return list(Channel.objects.filter(upload=True, paused=False).values_list("pk", flat=True))

"""A cast of channels and VODs in every state, for the tests of the pages and for their pictures."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from chat.models import Bucket, Message, Recording, RecordingVod
from vods.models import Attempt, Channel, State, Vod

TITLES = (
    "Wednesday night: finishing the island, then your levels",
    "First look at the new expansion (no spoilers in chat please!)",
    "Cosy Sunday: painting minis and answering questions",
    "Speedrun practice, any% under 30 or I eat the hat",
    "Charity marathon, part 3 of 5: through the night with guests, auctions and a very long title that goes on and on",
    "Coding a game from nothing, day 41: water",
    "Ranked until gold",
    "Music room: learning the hurdy-gurdy live",
)
ERRORS = {
    State.FAILED: ("transient", "Twitch has trouble of its own (503). It is tried again by itself."),
    State.NEEDS_ATTENTION: (
        "missing_segment",
        "Segment 412 is missing at Twitch (about 10 s at 1:08:40). Accept the gap, or try again later.",
    ),
    State.SKIPPED: ("restricted", "This VOD is for subscribers only. Connect an account that may watch it."),
}
ORDER = (
    State.DOWNLOADING, State.UPLOADING, State.QUEUED, State.QUEUED, State.DOWNLOADED, State.FAILED,
    State.NEEDS_ATTENTION, State.DONE, State.DONE, State.DONE, State.DONE, State.DONE, State.DONE, State.SKIPPED,
    State.CANCELED, State.IGNORED,
)  # fmt: skip


def channels(now: datetime) -> list[Channel]:
    """Two channels, one of them live."""
    harbour = Channel.objects.create(
        login="harbourlights",
        display_name="HarbourLights",
        live_stream_id="9001",
        live_since=now - timedelta(hours=2),
        discovered_at=now - timedelta(minutes=3),
    )
    moss = Channel.objects.create(
        login="mossandstone", display_name="MossAndStone", discovered_at=now - timedelta(minutes=3)
    )
    return [harbour, moss]


def vod(channel: Channel, number: int, state: str, now: datetime, **fields: object) -> Vod:
    """One VOD as it would stand in `state`, with the attempt that led there."""
    kind, error = ERRORS.get(State(state), ("", ""))
    size = 2_400_000_000 + number * 137_000_000
    row = Vod(
        twitch_id=str(2_300_000_000 + number),
        channel=channel,
        title=TITLES[number % len(TITLES)],
        started_at=now - timedelta(hours=9 * number + 2),
        duration=7200.0 + 613 * number,
        category="Software and Game Development",
        state=state,
        error=error,
        error_kind=kind,
        state_changed_at=now - timedelta(minutes=number),
    )
    if state in {State.DOWNLOADING, State.UPLOADING}:
        row.bytes_total, row.bytes_done, row.attempts = size, int(size * (0.37 + number % 7 * 0.08)), 1
    if state == State.FAILED:
        row.not_before, row.attempts = now + timedelta(minutes=4), 2
    if state == State.DONE:
        row.file_size, row.done_at, row.working_seconds = size, now - timedelta(hours=number), 311.0
        row.youtube_id = "dQw4w9WgXcQ" if number % 2 else ""
    for name, value in fields.items():
        setattr(row, name, value)
    row.save()
    _attempt(row, now)
    return row


def _attempt(row: Vod, now: datetime) -> None:
    outcomes = {
        State.DOWNLOADING: "running",
        State.UPLOADING: "running",
        State.DONE: "succeeded",
        State.FAILED: "failed",
    }
    if row.state not in outcomes and row.state != State.NEEDS_ATTENTION:
        return
    running = row.state in {State.DOWNLOADING, State.UPLOADING}
    Attempt.objects.create(
        vod=row,
        step="upload" if row.state == State.UPLOADING else "download",
        started_at=now - timedelta(seconds=140),
        ended_at=None if running else now,
        outcome=outcomes.get(State(row.state), "failed"),
        bytes=row.bytes_done,
        error=row.error,
        error_kind=row.error_kind,
        host="harbour-1",
        correlation_id="7f3a90c2",
        log="12:00:01 INFO Resolved 720 segments.\n12:02:20 INFO All segments are there.",
    )


def fill(now: datetime, count: int = 40) -> list[Vod]:
    """`count` VODs in all states of two channels."""
    both = channels(now)
    return [
        vod(both[number % 2], number, ORDER[number] if number < len(ORDER) else State.DONE, now)
        for number in range(count)
    ]


def with_chat(row: Vod, messages: int = 200, spacing: float = 3.0) -> Recording:
    """A recording tied to the VOD: `messages` lines, `spacing` seconds apart, one of them deleted, one a raid."""
    recording = Recording.objects.create(
        channel=row.channel, stream_id=f"s{row.pk}", started_at=row.started_at, ended_at=row.started_at
    )
    RecordingVod.objects.create(recording=recording, vod=row)
    names = ("Lamplighter", "oakandash", "tide_table", "Quill", "marmot42")
    colours = ("#0000FF", "#FF69B4", "#00FF7F", "", "#8A2BE2")
    start = int(row.started_at.timestamp() * 1000)
    Message.objects.bulk_create(
        Message(
            recording=recording,
            message_id=f"m{row.pk}-{number}",
            sent_at=start + round(number * spacing * 1000),
            kind="raid" if number == 5 else "message",
            login=names[number % 5].lower(),
            display_name=names[number % 5],
            colour=colours[number % 5],
            text="" if number == 5 else ("hello from the harbour", "that jump!", "what is the song?", "<3")[number % 4],
            system_text="42 raiders from MossAndStone have joined!" if number == 5 else "",
            deleted_at=datetime.now(UTC) if number == 3 else None,
        )
        for number in range(messages)
    )
    Bucket.objects.create(recording=recording, start=start // 30_000 * 30_000, messages=messages)
    return recording


def with_file(row: Vod, media: Path, content: bytes) -> Path:
    """Puts a file of the VOD below MEDIA_DIR."""
    path = media / row.channel.login / f"{row.twitch_id}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    row.file_path, row.file_size = str(path.relative_to(media)), len(content)
    row.save()
    return path

"""`manage.py recordings`: what was recorded of chat."""

from __future__ import annotations

import json
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from chat.queries import RecordingRow, recording_rows

DESCRIPTION = """\
Lists the recordings of live chat, newest first: the channel, when the broadcast started and when its recording ended,
the VODs that it is tied to, how many messages it holds, and its gaps (times in which nothing could be recorded).
"""
EXAMPLES = """\
Examples:
  manage.py recordings                                    a table
  manage.py recordings --json                             a JSON list
  manage.py recordings --json | jq '.[] | select(.ended_at == null) | .channel'
                                                          what is being recorded now

Each entry of the JSON list has id, channel, stream_id, started_at, ended_at (null while it runs), vods (Twitch's ids),
messages, and gaps: a list of started_at, ended_at (null while it lasts) and reason. Times are ISO 8601 in UTC.
"""
HEADINGS = ("id", "channel", "started (UTC)", "ended (UTC)", "messages", "gaps", "vods")


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options.update(epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="write a JSON list instead of a table")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            rows = recording_rows()
        except DatabaseError as error:
            raise CommandError(f"The recordings cannot be read ({error}). Run `manage.py migrate` first?") from error
        if options["json"]:
            self.stdout.write(json.dumps([as_json(row) for row in rows], ensure_ascii=False, indent=2))
        elif rows:
            self._table([HEADINGS, *(_cells(row) for row in rows)])
        else:
            self.stdout.write("Nothing was recorded yet. A recording begins when a channel goes live.")

    def _table(self, lines: list[tuple[str, ...]]) -> None:
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
        for line in lines:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def as_json(row: RecordingRow) -> dict[str, Any]:
    return {
        "id": row.id,
        "channel": row.channel,
        "stream_id": row.stream_id,
        "started_at": _iso(row.started_at),
        "ended_at": _iso(row.ended_at),
        "vods": row.vods,
        "messages": row.messages,
        "gaps": [
            {"started_at": _iso(gap.started_at), "ended_at": _iso(gap.ended_at), "reason": gap.reason}
            for gap in row.gaps
        ],
    }


def _cells(row: RecordingRow) -> tuple[str, ...]:
    ended = f"{row.ended_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}" if row.ended_at else "runs"
    started = f"{row.started_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    vods = " ".join(row.vods) or "none yet"
    return str(row.id), row.channel, started, ended, str(row.messages), str(len(row.gaps)), vods


def _iso(when: datetime | None) -> str | None:
    return None if when is None else when.astimezone(UTC).isoformat().replace("+00:00", "Z")

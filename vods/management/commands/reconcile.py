"""`manage.py reconcile`: finds and mends what the dead left behind."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError

from vods import mending
from vods.orphans import Do, Item


class Command(BaseCommand):
    help = (
        "Finds what was left behind by processes and machines that are gone, and mends it: VODs that nobody works on "
        "any more, attempts without an end, tasks that were taken and never begun, upload sessions of finished "
        "uploads, ffmpeg without a parent, partial files of VODs that are finished, canceled or unknown (a day old at "
        "least), and rows whose file is missing: their pages say so and offer to download it again. Files that no VOD "
        "has are listed and never touched. When MEDIA_DIR or a folder in it is not there, nothing is concluded about "
        "its files. Each worker does the same at its start, and one of them every hour. Files and "
        "processes are those of this machine. (Chat is tied to its VODs by another "
        "schedule, `tie chat to VODs`.)"
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py reconcile --dry-run"
        parser.add_argument("--dry-run", action="store_true", help="Print what would be done, and do nothing.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            if options["dry_run"]:
                lines = [(item, "") for item in mending.planned()]
            else:
                lines = [(item, _result(item, done=done)) for item, done in mending.mend()]
        except DatabaseError as error:
            raise CommandError(f"The database does not answer: {error}") from None
        if not lines:
            self.stdout.write("Nothing was left behind.")
            return
        self.stdout.write("\n".join(table(lines)))
        if options["dry_run"]:
            self.stdout.write("Nothing was changed. Without --dry-run it is done.")


def _result(item: Item, *, done: bool) -> str:
    if item.do is Do.LOOK:
        return "left alone"
    return "done" if done else "not done: it has changed since, or see the log"


def table(lines: list[tuple[Item, str]]) -> list[str]:
    """The plan in columns; the last one is left out when nothing has been done."""
    rows = [("DO", "KIND", "WHAT", "WHY", "RESULT" if any(result for _, result in lines) else "")]
    rows += [(str(item.do), item.kind, _printable(item.what), _printable(item.why), result) for item, result in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    return [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]).rstrip()
        for row in rows
    ]


def _printable(text: str) -> str:
    """File names come from anywhere: no control character reaches the terminal."""
    return "".join(char if char.isprintable() else "?" for char in text)

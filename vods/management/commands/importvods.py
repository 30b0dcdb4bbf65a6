"""`manage.py importvods`: existing video files become VODs, without a copy."""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vods import importing
from vods.importing import Imported
from vods.lookup import find_channels
from vods.verify import clock

DESCRIPTION = """\
Takes over videos of a Twitch channel that another program downloaded: each MP4 file below FOLDER becomes the file of
its VOD, without a copy. It gets a second name (a hard link) in MEDIA_DIR and keeps its own, or with --move loses it.
FOLDER must lie on the file system of MEDIA_DIR.

Which VOD it is, is told by yt-dlp's .info.json or TwitchDownloader's chat file beside it (FILE.json, FILE_chat.json),
or by its name: yt-dlp's TITLE [vID].mp4 or TITLE-vID.mp4, any name with the id at one of its ends, or that of
TwitchDownloader, [11-1-26] NAME - TITLE.mp4, when exactly one known VOD has that title and date (manage.py discover
--full first). The files beside it also tell title and start. Without them the start is guessed from the file's date,
until Twitch tells it.

Every file is read once: its index is checked, its size, duration and SHA-256 are noted, holes become gaps. An imported
VOD is done and is not uploaded (manage.py skipupload changes that). A VOD that has a file or is at work is left alone;
one that waits, failed or was ignored gets the file. Importing twice changes nothing."""

EXAMPLES = """\
examples:
  manage.py importvods /mnt/old --channel somebody --dry-run     what would happen; nothing is changed
  manage.py importvods /mnt/old --channel somebody
  manage.py importvods data/media/somebody --channel somebody    files in MEDIA_DIR that no VOD has

The exit code is 1 when a file was refused; the table says why."""

HEADINGS = ("VOD", "outcome", "duration", "file", "")


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="where the files are; the folders in it too")
        parser.add_argument("--channel", required=True, metavar="LOGIN", help="the channel whose videos they are")
        parser.add_argument("--move", action="store_true", help="take the file's old name away")
        parser.add_argument("--dry-run", action="store_true", help="only say what would happen")

    def handle(self, *args: Any, folder: str, channel: str, move: bool, dry_run: bool, **options: Any) -> None:
        path = Path(folder).expanduser().absolute()
        if not path.is_dir():
            raise CommandError(f"{path} is not a folder.")
        row = find_channels([channel]).get()
        done = list(importing.import_folder(path, row, move_files=move, dry=dry_run))
        if not done:
            raise CommandError(f"There is no video file in {path}.")
        self._table([HEADINGS, *(_cells(one, path, dry_run) for one in done)])
        counts = Counter(one.outcome for one in done)
        said = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        if counts[importing.REFUSED]:
            raise CommandError(f"{len(done)} files: {said}.")
        self.stdout.write(self.style.SUCCESS(f"{len(done)} files: {said}."))

    def _table(self, lines: list[tuple[str, ...]]) -> None:
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
        for line in lines:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cells(one: Imported, folder: Path, dry: bool) -> tuple[str, ...]:
    name = str(one.path.relative_to(folder))
    if not name.isprintable():
        name = name.encode("unicode_escape", "surrogateescape").decode("ascii")
    outcome = "would be" if dry and one.outcome == importing.IMPORTED else one.outcome
    return one.twitch_id or "-", outcome, "" if one.duration is None else clock(one.duration), name, one.note

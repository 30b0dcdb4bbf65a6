"""`manage.py verify`: are the video files there, and are they what was downloaded?"""

from __future__ import annotations

import argparse
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vods import filecheck
from vods.filecheck import Checked, Finding
from vods.lookup import find_vods
from vods.models import Vod

DESCRIPTION = """\
Compares the video files with what was noted at their download: size, then SHA-256. Without VOD_ID all of them, and it
also lists files in MEDIA_DIR that no VOD has. It never changes anything, and may run beside everything else.

What is wrong is printed as a table, and the exit code is then 1. A file of another host that is not here is not wrong.
--quick compares sizes only, without reading the videos."""

EXAMPLES = """\
examples:
  manage.py verify                 everything; reads every video once
  manage.py verify --quick         sizes only
  manage.py verify 2300000000      one VOD, and what was found of it also when it is right

A wrong or missing file: manage.py requeue VOD_ID --stage download, while Twitch still has the VOD; or put it back from
a backup. A file that no VOD has: delete it, if you know what it is."""

HEADINGS = ("VOD", "finding", "bytes", "file", "")


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("vods", nargs="*", metavar="VOD_ID", help="which VODs (default: all)")
        parser.add_argument("--quick", action="store_true", help="compare sizes only")

    def handle(self, *args: Any, vods: list[str], quick: bool, **options: Any) -> None:
        if not Path(settings.MEDIA_DIR).is_dir() and Vod.objects.exclude(file_path="").exists():
            raise CommandError(f"MEDIA_DIR ({settings.MEDIA_DIR}) is not there. Is its disk mounted?")
        counts: Counter[Finding] = Counter()
        shown = []
        for checked in _checked(vods, quick):
            counts[checked.finding] += 1
            if checked.wrong or vods:
                shown.append(checked)
        if shown:
            self._table([HEADINGS, *(_cells(checked) for checked in shown)])
        found = ", ".join(f"{count} {finding}" for finding, count in sorted(counts.items())) or "no files"
        wrong = sum(count for finding, count in counts.items() if finding not in filecheck.FINE)
        if wrong:
            raise CommandError(f"{wrong} of {counts.total()} are wrong: {found}.", returncode=1)
        self.stdout.write(self.style.SUCCESS(f"Nothing is wrong: {found}."))

    def _table(self, lines: list[tuple[str, ...]]) -> None:
        widths = [max(len(line[column]) for line in lines) for column in range(len(HEADINGS))]
        for line in lines:
            self.stdout.write("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _checked(typed: list[str], quick: bool) -> Iterator[Checked]:
    never = threading.Event()
    if not typed:
        yield from filecheck.check_rows(Vod.objects.all(), quick=quick, stop=never)
        yield from filecheck.files_without_row()
        return
    vods = find_vods(typed)
    if without := [vod.twitch_id for vod in vods if not vod.file_path]:
        raise CommandError(f"There is no file of VOD {', '.join(without)}: it was not downloaded yet, or was deleted.")
    yield from filecheck.check_rows(Vod.objects.filter(pk__in=[vod.pk for vod in vods]), quick=quick, stop=never)


def _cells(checked: Checked) -> tuple[str, ...]:
    size = "" if checked.size is None else str(checked.size)
    path = checked.path
    if not path.isprintable():
        path = path.encode("unicode_escape", "surrogateescape").decode("ascii")
    return checked.vod or "-", checked.finding, size, path, checked.detail

"""`manage.py pause`: takes up no more work, until `resume`."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandParser

from vods import queue
from vods.lookup import find_channels

EVERYTHING = "all"
UPLOADS = "uploads"


class Command(BaseCommand):
    help = "Takes up no more VODs: at all, of some channels, or no more uploads. What is at work now is finished."
    paused = True

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Examples: manage.py pause all; manage.py pause uploads; manage.py resume some_streamer"
        parser.add_argument("what", nargs="+", help="all, uploads, or the names of channels.")

    def handle(self, *args: Any, **options: Any) -> None:
        word = "paused" if self.paused else "resumed"
        for what in dict.fromkeys(options["what"]):
            if what in {EVERYTHING, UPLOADS}:
                changed = queue.pause(paused=self.paused, uploads=what == UPLOADS)
            else:
                changed = queue.pause(paused=self.paused, channels=find_channels([what]))
            name = "Everything" if what == EVERYTHING else what
            self.stdout.write(f"{name}: {word}." if changed else f"{name}: was {word} already.")

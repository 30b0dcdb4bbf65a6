"""`manage.py cancelvod`: stops VODs."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from vods import queue
from vods.lookup import find_vods


class Command(BaseCommand):
    help = "Stops VODs: waiting ones at once, those at work within seconds. They are not tried again by themselves."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py cancelvod 2301234567"
        parser.add_argument("twitch_id", nargs="+", help="The number in twitch.tv/videos/NUMBER, or that address.")
        parser.add_argument(
            "--keep-partial", action="store_true", help="Keep what was downloaded; requeue goes on there."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        vods = find_vods(options["twitch_id"])
        count = queue.cancel([vod.pk for vod in vods], keep_partial=options["keep_partial"])
        if not count:
            raise CommandError("Nothing was canceled: what was named neither waits nor is at work.")
        self.stdout.write(f"{count} of {len(vods)} canceled.")
        if count < len(vods):
            self.stdout.write("The others neither wait nor are at work.")

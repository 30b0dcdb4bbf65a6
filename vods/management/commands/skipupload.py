"""`manage.py skipupload`: keeps VODs off YouTube."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandParser

from vods import queue
from vods.lookup import find_vods


class Command(BaseCommand):
    help = "Keeps VODs off YouTube, or with --off lets them be uploaded after all. What is on YouTube stays there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py skipupload 2301234567"
        parser.add_argument("twitch_id", nargs="+", help="The number in twitch.tv/videos/NUMBER, or that address.")
        parser.add_argument("--off", action="store_true", help="Upload them after all.")

    def handle(self, *args: Any, **options: Any) -> None:
        vods = find_vods(options["twitch_id"])
        count = queue.set_skip_upload([vod.pk for vod in vods], not options["off"])
        self.stdout.write(f"{count} of {len(vods)} changed.")

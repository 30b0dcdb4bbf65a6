"""`manage.py setpriority`: says which VODs come first."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from vods import queue
from vods.lookup import find_vods

MOST = 1000


class Command(BaseCommand):
    help = (
        "Sets the priority of VODs. A higher number comes first. Among equals the channels take turns, each "
        "with its oldest VOD. The usual priority is 0."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py setpriority 10 2301234567"
        parser.add_argument("priority", type=int)
        parser.add_argument("twitch_id", nargs="+", help="The number in twitch.tv/videos/NUMBER, or that address.")

    def handle(self, *args: Any, **options: Any) -> None:
        if abs(options["priority"]) > MOST:
            raise CommandError(f"A priority is a number from -{MOST} to {MOST}.")
        vods = find_vods(options["twitch_id"])
        count = queue.set_priority([vod.pk for vod in vods], options["priority"])
        self.stdout.write(f"{count} of {len(vods)} changed.")

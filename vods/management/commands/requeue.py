"""`manage.py requeue`: starts VODs anew."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser

from vods import queue
from vods.lookup import find_vods
from vodtender.telemetry import correlation, tracing


class Command(BaseCommand):
    help = (
        "Puts VODs back into the queue with no tries charged. With a file and no video on YouTube it goes on with the "
        "upload; otherwise it is downloaded again. A VOD that is on YouTube is never uploaded a second time."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py requeue 2301234567 2301234568"
        parser.add_argument("twitch_id", nargs="+", help="The number in twitch.tv/videos/NUMBER, or that address.")
        parser.add_argument(
            "--stage",
            choices=queue.STAGES,
            default="",
            help="Begin with this one: download again, verify the file, or upload (again only if the video is gone).",
        )
        parser.add_argument(
            "--accept-gap", action="store_true", help="Finish it although segments are missing at Twitch."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        vods = find_vods(options["twitch_id"])
        ids = [vod.pk for vod in vods]
        with correlation.correlated(correlation.current()), tracing.root("requeue"):
            count = queue.accept_gap(ids) if options["accept_gap"] else queue.requeue(ids, stage=options["stage"])
        why = "have no missing segment" if options["accept_gap"] else "are at work now, or have no file for that stage"
        if not count:
            raise CommandError(f"Nothing was requeued: all that was named {why}.")
        self.stdout.write(f"{count} of {len(vods)} requeued.")
        if count < len(vods):
            self.stdout.write(f"The others {why}.")

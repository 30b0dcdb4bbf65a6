"""`manage.py resetcircuit`: closes circuit breakers by hand."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandParser

from vods import queue
from vods.lookup import find_channels
from vods.models import Channel


class Command(BaseCommand):
    help = (
        "Closes circuit breakers, so that work begins again at once. After failures in a row a breaker opens, and one "
        "VOD is tried after CIRCUIT_OPEN_COOLDOWN. Without names: those of all channels and that of the uploads."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py resetcircuit some_streamer"
        parser.add_argument("login", nargs="*", help="Names of channels.")
        parser.add_argument("--uploads", action="store_true", help="That of the uploads.")

    def handle(self, *args: Any, **options: Any) -> None:
        named = options["login"]
        channels = find_channels(named) if named or options["uploads"] else Channel.objects.all()
        count = queue.reset_circuits(channels, uploads=options["uploads"] or not named)
        self.stdout.write(f"{count} reset." if count else "All of them were closed.")

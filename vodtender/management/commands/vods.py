"""`manage.py vods`: lists the VODs."""

from __future__ import annotations

import json
from typing import Any

from django.core.management import BaseCommand, CommandParser

from chat.queries import message_counts
from vods.models import State, Vod
from vods.queries import listing


class Command(BaseCommand):
    help = "Lists the VODs, newest first: where each stands and what we have of it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: manage.py vods --json | jq '.[] | select(.state == \"done\").path'"
        parser.add_argument("--json", action="store_true", help="A JSON list, for scripts.")
        parser.add_argument("--state", choices=State.values, help="Only VODs in this state.")

    def handle(self, *args: Any, **options: Any) -> None:
        chosen = Vod.objects.filter(state=options["state"]) if options["state"] else None
        rows = list(listing(chosen, chat_messages=message_counts))
        if options["json"]:
            self.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False))
            return
        for row in rows:
            size = f"{row['size'] / 1e6:8.1f} MB" if row["size"] else " " * 11
            title = "".join(c if c.isprintable() else " " for c in row["title"])[:50]
            self.stdout.write(f"{row['twitch_id']:<12} {row['channel']:<20} {row['state']:<16} {size}  {title}")
            if row["error"]:
                self.stdout.write(f"{'':<12} {row['error']}")
        if not rows:
            self.stdout.write("No VODs yet. `manage.py addchannel LOGIN` adds a channel, `discover` finds its VODs.")

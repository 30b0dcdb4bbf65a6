"""`manage.py restore`: puts a backup back into an empty place."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from vodtender.backup.restore import restore

DESCRIPTION = """\
Puts a backup of `manage.py backup` back: the database, the chat that was not in it yet, and the videos if they are in
the backup. Then it runs the migrations that are missing and says what is still to be done.

It writes into an empty place only: a DATA_DIR without a database, or the empty PostgreSQL database that DATABASE_URL
names. A damaged backup, one of another kind of database and one of a newer version are refused before anything is
written. With PostgreSQL pg_restore is needed, of the server's version or newer.

Files that lay on the host of the backup are from now on those of this host, whatever its name. With --keep-hosts the
rows stay as they are: for a database that moves while the hosts stay."""

EXAMPLES = """\
examples:
  DATA_DIR=/srv/new manage.py restore /mnt/backups/vod-tender-20261101T200000Z
  manage.py verify        afterwards: are the videos there, and are they right?"""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="FOLDER", help="the backup: a folder with a manifest.json")
        parser.add_argument("--keep-hosts", action="store_true", help="leave the names of hosts as they are")

    def handle(self, *args: Any, folder: str, keep_hosts: bool, **options: Any) -> None:
        done = restore(Path(folder).expanduser().absolute(), keep_hosts=keep_hosts)
        rows = sum(done.manifest.rows.values())
        self.stdout.write(self.style.SUCCESS(f"Restored the backup of {done.manifest.made_at}: {rows} rows."))
        if done.migrated:
            self.stdout.write(f"{done.migrated} migrations were run: it was made by an older version.")
        self.stdout.write("Still to be done:")
        for line in done.to_do:
            self.stdout.write(f"- {line}")

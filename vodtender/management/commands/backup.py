"""`manage.py backup`: everything but the videos, consistent while the product runs."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from vodtender.backup.make import Made, make

DESCRIPTION = """\
Writes a backup into a new folder vod-tender-TIME in FOLDER, also while everything runs.

It holds the database as it was at one moment, the chat that is not in the database yet, and a manifest: version, rows,
the sums of its files, and every video's path, size and SHA-256. The videos themselves are copied with --with-media
only. The keys are named but not included, unless --with-keys: without ENCRYPTION_KEY the stored tokens cannot be read.

With PostgreSQL pg_dump is needed, of the server's version or newer. The recorder's journal is that of this machine: run
it where the recorder runs. A folder whose name ends in .partial is no backup; the next one removes it."""

EXAMPLES = """\
examples:
  manage.py backup                          into DATA_DIR/backups
  manage.py backup /mnt/backups             into a new folder there
  manage.py backup /mnt/backups --with-keys --with-media

`manage.py restore` puts it back. `sha256sum --check SHA256SUMS` in its folder tells whether it is whole."""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", metavar="FOLDER", help="where to put it (default: DATA_DIR/backups)")
        parser.add_argument("--with-keys", action="store_true", help="write the keys and secrets into keys.env (0600)")
        parser.add_argument("--with-media", action="store_true", help="copy the videos too")

    def handle(self, *args: Any, folder: str | None, with_keys: bool, with_media: bool, **options: Any) -> None:
        parent = Path(folder).expanduser().absolute() if folder else Path(settings.DATA_DIR) / "backups"
        made = make(parent, keys=with_keys, media=with_media)
        self.stdout.write(str(made.folder))
        for line in _summary(made):
            self.stderr.write(line)
        if made.left_out:
            raise CommandError("Videos that could not be copied:\n" + "\n".join(made.left_out))


def _summary(made: Made) -> list[str]:
    manifest = made.manifest
    lines = [f"{sum(manifest.rows.values())} rows of {len(manifest.rows)} tables, {manifest.size / 1e6:.1f} MB."]
    if not manifest.media_included and manifest.videos:
        lines.append(f"The {len(manifest.videos)} videos in {settings.MEDIA_DIR} are named, not copied.")
    if not manifest.keys_included and manifest.keys:
        lines.append(f"Not included, keep them elsewhere: {', '.join(manifest.keys)}.")
    return lines

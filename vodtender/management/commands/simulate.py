"""`manage.py simulate`: the loopback Twitch and YouTube, alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from simulator import commandline


class Command(BaseCommand):
    help = f"{commandline.DESCRIPTION} {commandline.EPILOG}"
    requires_system_checks = []
    requires_migrations_checks = False

    def add_arguments(self, parser: CommandParser) -> None:
        commandline.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        def write(line: str) -> None:
            self.stdout.write(line)
            self.stdout.flush()

        data_dir = getattr(settings, "DATA_DIR", None)
        try:
            commandline.run(options, write, Path(data_dir) / "simulator" if data_dir else None)
        except OSError as error:
            raise CommandError(f"The simulator cannot start: {error}. Choose another port or folder.") from error

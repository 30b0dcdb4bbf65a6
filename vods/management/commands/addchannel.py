"""`manage.py addchannel`: archives one more channel."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vods import channels
from vods.helix import HelixUser
from vods.twitch import helix
from vodtender.http import ErrorKind, ServiceError
from vodtender.setup_state import missing_settings

DESCRIPTION = """\
Adds a Twitch channel: from now on its VODs are found and downloaded, and its live chat is recorded.

With TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET set, Twitch is asked whether the channel exists. Adding a channel twice
changes nothing. The switches of a channel (archive, record chat, upload) are in the admin. Archive only channels that
are yours, or whose owner allows it."""

EXAMPLES = """\
examples:
  manage.py addchannel somebody
  manage.py addchannel https://www.twitch.tv/somebody"""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("login", metavar="LOGIN", help="the channel's name, or its address on twitch.tv")

    def handle(self, *args: Any, login: str, **options: Any) -> None:
        try:
            login = channels.parse_login(login)
        except channels.NotALogin as error:
            raise CommandError(str(error)) from None
        channel, created = channels.add_channel(login, self._ask(login))
        if created:
            self.stdout.write(self.style.SUCCESS(f"The channel {channel.login} was added."))
        else:
            self.stdout.write(f"The channel {channel.login} is there already. Nothing was changed.")

    def _ask(self, login: str) -> HelixUser | None:
        """What Twitch says of it; None when it cannot be asked now. Raises CommandError when it does not exist."""
        if any(name.startswith("TWITCH_") for name in missing_settings()):
            self._not_checked("TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET are not set")
            return None
        try:
            with helix() as service:
                users = service.users(logins=[login])
        except ServiceError as error:
            if error.kind == ErrorKind.AUTH:
                raise CommandError(error.message) from None
            self._not_checked(error.message)
            return None
        if not users:
            raise CommandError(channels.unknown(login))
        return users[0]

    def _not_checked(self, why: str) -> None:
        self.stderr.write(self.style.WARNING(f"Whether the channel exists was not checked: {why.rstrip('.')}."))

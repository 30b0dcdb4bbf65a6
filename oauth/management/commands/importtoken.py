"""`manage.py importtoken`: connects an account from a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from oauth import connect, crypto, tokenfile
from oauth.models import Provider
from oauth.providers import ACCOUNT, CLIENT_VARIABLES
from vodtender.http import ServiceError

DESCRIPTION = """\
Connects a YouTube or Twitch account from a token that you already have, in place of the one connected before.

FILE is one of:
  - Google's authorized-user JSON (what google-auth's Credentials.to_json() writes):
    {"type": "authorized_user", "client_id": "…", "client_secret": "…", "refresh_token": "…"}
  - a token response of Google or Twitch:
    {"access_token": "…", "refresh_token": "…", "expires_in": 3599, "scope": "…"}
`-` reads it from standard input. A refresh token works only with the client that it was made with: set YT_CLIENT_ID and
YT_CLIENT_SECRET (or TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET) to that client. The token is stored encrypted with
ENCRYPTION_KEY. When it cannot be used, nothing changes."""

EXAMPLES = """\
examples:
  manage.py importtoken youtube token.json
  pass show youtube/token | manage.py importtoken youtube -"""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", choices=Provider.values, help="whose token it is")
        parser.add_argument("file", metavar="FILE", help="the file with the token, or - for standard input")

    def handle(self, *args: Any, provider: str, file: str, **options: Any) -> None:
        source = "standard input" if file == "-" else file
        try:
            crypto.seal("")  # an ENCRYPTION_KEY that cannot be used is said before the file is read
            parsed = tokenfile.parse(_read(file), provider)
            self._compare_client(provider, parsed.client_id)
            connection = connect.connect(provider, parsed.grant)
        except OSError as error:
            raise CommandError(f"{source} cannot be read: {error.strerror or error}.") from None
        except tokenfile.TokenFileError as error:
            raise CommandError(f"{source} cannot be imported: {error} Nothing was changed.") from None
        except ServiceError as error:
            raise CommandError(f"{source} was not imported: {error.message} Nothing was changed.") from None
        if connection.doubt:
            self.stderr.write(self.style.WARNING(connection.doubt))
        name = connection.token.account_name
        who = (
            f"{ACCOUNT[provider]} account {name}"
            if name
            else f"{ACCOUNT[provider]} account (its name could not be asked)"
        )
        self.stdout.write(self.style.SUCCESS(f"The {who} is connected."))

    def _compare_client(self, provider: str, client_id: str) -> None:
        variable = CLIENT_VARIABLES[provider][0]
        ours = getattr(settings, variable)
        if client_id and ours and client_id != ours:
            text = f"The token was made with another client than {variable}; it works only with its own."
            self.stderr.write(self.style.WARNING(text))


def _read(file: str) -> bytes:
    if file == "-":
        return sys.stdin.buffer.read(tokenfile.MOST_BYTES + 1)
    with Path(file).expanduser().open("rb") as handle:
        return handle.read(tokenfile.MOST_BYTES + 1)

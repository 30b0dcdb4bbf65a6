"""`manage.py discover`: looks for VODs now."""

from __future__ import annotations

import argparse
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from vods import discovery
from vods.channels import NotALogin, parse_login
from vods.models import Channel
from vodtender.http import ServiceError

DESCRIPTION = """\
Looks for VODs at Twitch now, instead of at the next scheduled look (VOD_DISCOVERY_INTERVAL, every 10 minutes).

Without --full it reads the newest 100 VODs of each channel; with --full the whole catalogue, from where the last look
stopped, within VOD_CATALOG_MAX and VOD_CATALOG_MAX_AGE_DAYS. New VODs are queued for download; of what a channel had
before it was added only the newest ARCHIVE_BACKLOG. Doing it twice changes nothing."""

EXAMPLES = """\
examples:
  manage.py discover                 all channels, newest VODs
  manage.py discover somebody        one channel
  manage.py discover somebody --full its whole catalogue"""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        kwargs |= {"epilog": EXAMPLES, "formatter_class": argparse.RawDescriptionHelpFormatter}
        return super().create_parser(prog_name, subcommand, **kwargs)

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("logins", nargs="*", metavar="LOGIN", help="channels to look at (default: all)")
        parser.add_argument("--full", action="store_true", help="the whole catalogue, not only the newest VODs")

    def handle(self, *args: Any, logins: list[str], full: bool, **options: Any) -> None:
        channels = [_channel(login) for login in logins] or list(Channel.objects.all())
        if not channels:
            raise CommandError("There is no channel yet. Add one: manage.py addchannel LOGIN (or set TWITCH_CHANNELS).")
        try:
            found = discovery.discover([channel.pk for channel in channels], full=full)
        except ServiceError as error:
            raise CommandError(error.message) from None
        for look in found:
            self.stdout.write(_line(look))
        if any(look.problem for look in found):
            raise CommandError("Not every channel could be looked at.")


def _channel(text: str) -> Channel:
    try:
        login = parse_login(text)
    except NotALogin as error:
        raise CommandError(str(error)) from None
    channel = Channel.objects.filter(login=login).first()
    if channel is None:
        raise CommandError(f"{login} is not among the channels. Add it first: manage.py addchannel {login}")
    return channel


def _line(look: discovery.Found) -> str:
    if look.problem:
        return f"{look.channel}: {look.problem}"
    text = f"{look.channel}: {look.seen} VODs seen, {look.queued} new ones queued, {look.ignored} new ones ignored"
    if look.updated:
        text += f", {look.updated} updated"
    return text + (". The catalogue has more: run it again." if not look.complete else ".")

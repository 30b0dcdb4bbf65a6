"""`manage.py recordchat`: records the chat of all channels until it is stopped."""

from __future__ import annotations

import asyncio
import logging
import signal
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from contextlib import suppress
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from chat.connection import Account, Connection
from chat.ended import look_for_vod
from chat.helixlive import live_streams
from chat.oneatatime import Occupied, locked
from chat.recorder import Plan, Recorder
from vodtender.checks import require_start
from vodtender.telemetry import profiling

log = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
DESCRIPTION = """\
Records the live chat of every channel that has "record chat" switched on.

It stays joined all the time. Twitch is asked every CHAT_AUTO_POLL_INTERVAL who is live; a recording runs from a few
minutes before a stream until it is over, and goes on through lost connections. Channels that are added or switched off
are picked up within seconds. Stop it with Ctrl-C or SIGTERM: everything that was read is kept, and what was missed
until the next start is noted as a gap in the recording.
"""
EXAMPLES = """\
Examples:
  manage.py addchannel some_streamer     add a channel; a running recorder joins it
  manage.py recordchat                   record until Ctrl-C
  manage.py recordings                   what was recorded

Variables: TWITCH_IRC_URL, TWITCH_BOT_USERNAME and TWITCH_OAUTH_TOKEN (an account; without one chat is read as a guest),
TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET (to know who is live), CHAT_AUTO_START=0 (do not record),
CHAT_AUTO_POLL_INTERVAL, VOD_RECONCILE_DELAY (how long after a stream its VOD is looked for).
"""


class Command(BaseCommand):
    help = DESCRIPTION

    def create_parser(self, prog_name: str, subcommand: str, **options: Any) -> Any:
        options.update(epilog=EXAMPLES, formatter_class=RawDescriptionHelpFormatter)
        return super().create_parser(prog_name, subcommand, **options)

    def add_arguments(self, parser: ArgumentParser) -> None:
        pass

    def handle(self, *args: Any, **options: Any) -> None:
        require_start()
        profiling.serve("recorder")
        folder = settings.DATA_DIR / "chat"
        try:
            asyncio.run(_main())
        except OSError as error:
            raise CommandError(
                f"Chat cannot be recorded to {folder}: {error}. Check DATA_DIR and its rights."
            ) from error


async def _main() -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not settings.CHAT_AUTO_START:
        log.info("Chat is not recorded: CHAT_AUTO_START is 0.")
        await stop.wait()
        return
    waiting = False
    while not stop.is_set():
        try:
            with locked(settings.DATA_DIR / "chat" / "lock"):
                await _record(stop)
                return
        except Occupied as error:
            if not waiting:
                log.warning("Another recorder runs on this data folder (%s). Waiting until it ends.", error)
            waiting = True
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WAIT_SECONDS)


async def _record(stop: asyncio.Event) -> None:
    plan = Plan(
        folder=settings.DATA_DIR / "chat",
        live_streams=live_streams,
        after_end=look_for_vod,
        poll_interval=settings.CHAT_AUTO_POLL_INTERVAL,
        after_end_delay=settings.VOD_RECONCILE_DELAY,
    )
    account = Account(settings.TWITCH_BOT_USERNAME, settings.TWITCH_OAUTH_TOKEN)
    if bool(account.login) != bool(account.token):
        log.warning("Of TWITCH_BOT_USERNAME and TWITCH_OAUTH_TOKEN only one is set: chat is read without an account.")
    recorder = Recorder(plan, lambda listener: Connection(settings.TWITCH_IRC_URL, listener, account))
    stopping = asyncio.create_task(stop.wait())
    stopping.add_done_callback(lambda _: recorder.stop())
    try:
        await recorder.run()
    finally:
        stopping.cancel()
    log.info("The recorder has stopped.")

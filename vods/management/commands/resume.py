"""`manage.py resume`: goes on after `pause`."""

from __future__ import annotations

from vods.management.commands import pause


class Command(pause.Command):
    help = "Goes on after `pause`: with everything, with some channels, or with the uploads."
    paused = False

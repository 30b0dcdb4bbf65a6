"""Backup and restore of everything but the videos (and of those too, when asked).

make.py writes a backup, restore.py puts one back into an empty place; sqlite.py and postgres.py know the databases,
manifest.py what lies in a backup and whether it is whole.
"""

from __future__ import annotations

from django.core.management.base import CommandError


class BackupError(CommandError):
    """It cannot be done. The text is for the person who asked: what happened, to what, what to do."""

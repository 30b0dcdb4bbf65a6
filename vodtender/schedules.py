"""The repeated jobs, as rows of django-q2: people see them in the admin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django_q.models import Schedule


def ensure() -> None:
    """Writes the schedules as the settings want them; a running countdown is kept while its interval is unchanged."""
    for name, func, seconds in (
        ("discover newest VODs", "vods.tasks.discover_newest", settings.VOD_DISCOVERY_INTERVAL),
        ("walk the full catalogue", "vods.tasks.walk_catalogue", settings.VOD_CATALOG_BACKFILL_INTERVAL),
        ("tie chat to VODs", "chat.tasks.reconcile_recordings", settings.VOD_RECONCILE_DELAY),
        ("delete old files", "vods.tasks.apply_retention", settings.RETENTION_INTERVAL),
        ("refresh tokens", "oauth.tokens.keep_fresh", 600),
        ("mend what was left behind", "vods.tasks.mend_orphans", 3600),
    ):
        minutes = max(1, round(seconds / 60))
        known = Schedule.objects.filter(name=name).first()
        if known is not None and known.minutes == minutes and known.func == func:
            continue
        first = datetime.now(UTC) + timedelta(minutes=0 if func == "vods.tasks.walk_catalogue" else minutes)
        Schedule.objects.update_or_create(
            name=name,
            defaults={
                "func": func,
                "schedule_type": Schedule.MINUTES,
                "minutes": minutes,
                "repeats": -1,
                "next_run": first,
            },
        )

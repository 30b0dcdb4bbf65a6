"""`manage.py prepare`: what `up` does before it starts anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import BaseCommand

from vodtender import first_admin, migrating
from vodtender.checks import require_start


class Command(BaseCommand):
    help = (
        "Brings the database up to date (on SQLite after a copy of it) and makes the first admin, then ends. "
        "`manage.py up` does it by itself. Run it where serve, worker and recordchat are started one by one, as "
        "docker-compose.yml and deploy/systemd do. Run again, it changes nothing."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        require_start(schema_comes=True)
        migrating.migrate()
        self.stdout.write("The database is up to date.")
        admin = first_admin.ensure()
        if admin.password:
            path = first_admin.keep_in_file(admin.password)
            self.stdout.write(f"Log in as {admin.username}, password: in {path}.")
        elif (kept := Path(settings.DATA_DIR) / "admin-password").exists():
            self.stdout.write(f"Log in as {admin.username}, password: in {kept}, unless you changed it.")
        else:
            self.stdout.write(f"Log in as {admin.username}, with the password that you have.")

"""Makes the first admin, once."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.contrib.auth import get_user_model


@dataclass(frozen=True)
class FirstAdmin:
    """`password` is empty when the operator gave it, or when the admin was there before."""

    username: str
    password: str


def ensure() -> FirstAdmin:
    """Makes an admin when nobody can log in yet; with ADMIN_PASSWORD, or a password made here."""
    users = get_user_model().objects
    admin = users.filter(is_superuser=True).order_by("pk").first()
    if admin is not None:
        return FirstAdmin(admin.get_username(), "")
    password = settings.ADMIN_PASSWORD or secrets.token_urlsafe(12)
    users.create_superuser(username=settings.ADMIN_USERNAME, email="", password=password)
    return FirstAdmin(settings.ADMIN_USERNAME, "" if settings.ADMIN_PASSWORD else password)


def keep_in_file(password: str) -> Path:
    """Writes the password to a file that only its owner can read."""
    path = Path(settings.DATA_DIR) / "admin-password"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(password + "\n")
    return path

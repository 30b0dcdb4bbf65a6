"""The first admin is made once; a password that was made up is readable by its owner alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import authenticate, get_user_model

from vodtender import first_admin

pytestmark = pytest.mark.django_db


def test_with_a_given_password(settings: Any) -> None:
    settings.ADMIN_USERNAME, settings.ADMIN_PASSWORD = "pia", "given-by-pia"
    assert first_admin.ensure() == first_admin.FirstAdmin("pia", "")
    assert authenticate(username="pia", password="given-by-pia") is not None


def test_without_one_a_password_is_made_and_told_once() -> None:
    made = first_admin.ensure()
    assert len(made.password) >= 12
    assert authenticate(username=made.username, password=made.password) is not None
    assert first_admin.ensure() == first_admin.FirstAdmin(made.username, "")
    assert get_user_model().objects.count() == 1


def test_the_file_is_for_its_owner_alone(settings: Any, tmp_path: Path) -> None:
    settings.DATA_DIR = tmp_path
    (tmp_path / "admin-password").write_text("of an earlier start")
    (tmp_path / "admin-password").chmod(0o644)
    path = first_admin.keep_in_file("s3cret")
    assert path.read_text() == "s3cret\n"
    assert path.stat().st_mode & 0o777 == 0o600

"""`manage.py applyretention` prints the plan, and does it unless it is a dry run."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings
from retention_cast import Archived

pytestmark = pytest.mark.django_db


def told(capsys: pytest.CaptureFixture[str], *options: str) -> list[str]:
    call_command("applyretention", *options)
    return capsys.readouterr().out.splitlines()


def test_without_a_rule_it_names_the_rules(archived: Archived, capsys: pytest.CaptureFixture[str]) -> None:
    archived()
    assert told(capsys)[0].startswith("No rule is set, so nothing is deleted.")


def test_a_dry_run_prints_a_table_and_deletes_nothing(
    archived: Archived, media: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RETENTION_KEEP_DAYS = 30
    old, young = archived(size=2_500_000), archived(days=20)
    lines = told(capsys, "--dry-run")
    assert lines[0].split() == ["VOD", "channel", "broadcast", "size", "because"]
    date = f"{old.started_at:%Y-%m-%d}"
    row = [old.twitch_id, "pia", date, "2.5", "MB", "delete"]
    assert lines[1].split()[:6] == row
    assert lines[1].endswith("delete its broadcast is older than 30 days")
    assert lines[2:] == ["Dry run: 1 files would be deleted, 2.5 MB; 1 would stay."]
    assert (media / old.file_path).exists()
    assert (media / young.file_path).exists()


def test_with_all_it_prints_also_what_is_kept(
    archived: Archived, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RETENTION_KEEP_DAYS = 30
    archived(youtube_id="")
    [_, row, _] = told(capsys, "--dry-run", "--all")
    assert "keep" in row
    assert "it is the only copy" in row


def test_it_deletes_and_says_how_much(
    archived: Archived, media: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RETENTION_KEEP_DAYS = 30
    vod = archived(size=2_500_000)
    assert told(capsys)[-1] == "1 files deleted, 2.5 MB; 0 stay."
    assert not (media / vod.file_path).exists()


def test_the_setting_makes_every_run_a_dry_run(
    archived: Archived, media: Path, settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.RETENTION_KEEP_DAYS, settings.RETENTION_DRY_RUN = 30, True
    vod = archived()
    assert told(capsys)[-1].startswith("Dry run (RETENTION_DRY_RUN): 1 files would be deleted")
    assert (media / vod.file_path).exists()


def test_without_the_folder_it_says_so(archived: Archived, media: Path) -> None:
    media.rmdir()
    with pytest.raises(CommandError, match="is not there"):
        call_command("applyretention")

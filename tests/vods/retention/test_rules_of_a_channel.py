"""A channel's own rules go before those of the settings; what is empty there is as the settings say."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from tests import cast
from vods import retention
from vods.retention_plan import Rules

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def of_the_settings(settings: Settings) -> None:
    settings.RETENTION_KEEP_DAYS, settings.RETENTION_KEEP_COUNT = 30, 5
    settings.RETAIN_KEEP_NEWER_THAN_DAYS, settings.RETENTION_DELETE_UNPUBLISHED = 7, True


def test_empty_is_as_the_settings_say() -> None:
    assert retention.rules_of(cast.pia()) == Rules(30, 5, 7, 0, True)


def test_its_own_rules_go_first() -> None:
    channel = cast.pia(
        retention_keep_days=90,
        retention_keep_count=0,
        retention_keep_newer_days=1,
        retention_max_gb=2,
        retention_delete_unpublished=False,
    )
    assert retention.rules_of(channel) == Rules(90, 0, 1, 2 * 10**9, False)


def test_a_rule_of_a_channel_alone_is_enough(settings: Settings) -> None:
    settings.RETENTION_KEEP_DAYS = settings.RETENTION_KEEP_COUNT = 0
    channel = cast.pia()
    assert retention.plan() is None
    channel.retention_keep_count = 3
    channel.save()
    settings.MEDIA_DIR.mkdir(parents=True, exist_ok=True)
    assert retention.plan() is not None


def test_days_beyond_all_times_are_kept_within_bounds() -> None:
    channel = cast.pia(retention_keep_days=2**31 - 1, retention_keep_newer_days=2**31 - 1)
    rules = retention.rules_of(channel)
    assert (rules.keep_days, rules.keep_newer_days) == (36500, 36500)

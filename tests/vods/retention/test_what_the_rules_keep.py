"""Which files the plan deletes, and why: each rule alone, then all of them together against what they promise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vods.retention_plan import File, Limits, Plan, Rules, make_plan

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
GB = 10**9
PLENTY = 1000 * GB


def file(number: int, *, days: float, **fields: Any) -> File:
    """VOD `number`, broadcast and archived so many days ago; 1 GB, on YouTube, at rest."""
    then = NOW - timedelta(days=days)
    known: dict[str, Any] = {"channel": "pia", "title": "", "started_at": then, "arrived_at": then, "size": GB}
    return File(**{"vod_id": number, "twitch_id": str(number), "published": True, "at_rest": True, **known, **fields})


def planned(files: list[File], rules: Rules, limits: Limits = Limits(), free: int = PLENTY) -> Plan:  # noqa: B008
    return make_plan(files, dict.fromkeys({file.channel for file in files}, rules), limits, free, NOW)


def gone(plan: Plan) -> list[int]:
    return [decision.file.vod_id for decision in plan.deletions]


def because(plan: Plan, number: int) -> str:
    return next(decision.reason for decision in plan.decisions if decision.file.vod_id == number)


FIVE = [file(number, days=number * 10) for number in (1, 2, 3, 4, 5)]  # 10 to 50 days old


def test_without_any_rule_nothing_is_deleted() -> None:
    assert gone(planned(FIVE, Rules(delete_unpublished=True))) == []


def test_by_age_goes_what_is_older() -> None:
    plan = planned(FIVE, Rules(keep_days=30))
    assert gone(plan) == [5, 4, 3]
    assert because(plan, 5) == "its broadcast is older than 30 days"
    assert because(plan, 2) == "its broadcast is younger than 30 days"


def test_by_count_the_newest_stay_of_each_channel() -> None:
    theirs = [file(number, days=number, channel="tom") for number in (60, 70)]
    plan = planned([*FIVE, *theirs], Rules(keep_count=2))
    assert gone(plan) == [5, 4, 3]
    assert because(plan, 3) == "it is not among the newest 2 of pia"
    assert because(plan, 70) == "it is among the newest 2 of tom"


def test_what_either_age_or_count_keeps_is_kept() -> None:
    assert gone(planned(FIVE, Rules(keep_days=15, keep_count=3))) == [5, 4]
    plan = planned(FIVE, Rules(keep_days=45, keep_count=3))
    assert gone(plan) == [5]
    assert because(plan, 5) == "its broadcast is older than 45 days and it is not among the newest 3 of pia"


def test_what_is_young_is_kept_by_age_of_broadcast_or_of_arrival() -> None:
    just_archived = file(9, days=400, arrived_at=NOW - timedelta(days=1))
    plan = planned([*FIVE, just_archived], Rules(keep_days=5, keep_newer_days=15), Limits(max_bytes=1))
    assert gone(plan) == [5, 4, 3, 2]
    assert because(plan, 9) == "it is younger than 15 days (RETAIN_KEEP_NEWER_THAN_DAYS)"


def test_the_only_copy_stays_unless_the_rule_says_so() -> None:
    only_copy = file(9, days=400, published=False)
    hungry = Limits(max_bytes=1, min_free=2 * PLENTY)
    assert gone(planned([only_copy], Rules(keep_days=1, max_bytes=1), hungry)) == []
    assert gone(planned([only_copy], Rules(keep_days=1, delete_unpublished=True), Limits())) == [9]


def test_a_vod_that_is_not_at_rest_keeps_its_file() -> None:
    at_work = file(9, days=400, at_rest=False)
    rules = Rules(keep_days=1, max_bytes=1, delete_unpublished=True)
    assert gone(planned([at_work], rules, Limits(max_bytes=1, min_free=2 * PLENTY))) == []


def test_by_size_the_oldest_go_until_the_rest_fits() -> None:
    plan = planned(FIVE, Rules(), Limits(max_bytes=3 * GB))
    assert gone(plan) == [5, 4]
    assert because(plan, 4) == "all files take more than 3.0 GB (RETENTION_MAX_SIZE)"


def test_by_size_nothing_goes_when_it_fits_exactly() -> None:
    assert gone(planned(FIVE, Rules(), Limits(max_bytes=5 * GB))) == []


def test_a_channels_own_size_leaves_the_others_alone() -> None:
    theirs = file(60, days=60, channel="tom")
    rules = {"pia": Rules(max_bytes=4 * GB), "tom": Rules()}
    plan = make_plan([*FIVE, theirs], rules, Limits(), PLENTY, NOW)
    assert gone(plan) == [5]
    assert because(plan, 5) == "the files of pia take more than 4.0 GB"


def test_by_free_space_the_oldest_go_until_enough_is_free() -> None:
    plan = planned(FIVE, Rules(), Limits(min_free=10 * GB), free=8 * GB)
    assert gone(plan) == [5, 4]
    assert because(plan, 5) == "less than 10.0 GB are free on the disk (RETENTION_MIN_FREE)"


def test_what_another_rule_frees_counts_as_free() -> None:
    assert gone(planned(FIVE, Rules(keep_days=35), Limits(min_free=10 * GB), free=8 * GB)) == [5, 4]


def test_size_takes_what_age_and_count_have_kept() -> None:
    assert gone(planned(FIVE, Rules(keep_days=365, keep_count=5), Limits(max_bytes=4 * GB))) == [5]


def test_a_limit_that_cannot_be_kept_is_said() -> None:
    plan = planned([file(9, days=1)], Rules(keep_newer_days=7), Limits(max_bytes=GB // 4))
    said = "All files take more than 250.0 MB (RETENTION_MAX_SIZE), and nothing more may be deleted: 750.0 MB too much."
    assert (gone(plan), plan.unmet) == ([], (said,))


def every_combination() -> Iterator[tuple[list[File], Rules, Limits, int]]:
    """Files of two channels in every mix of age, protection and size, under every mix of rules."""
    fates = ({}, {"published": False}, {"at_rest": False})
    for mix in itertools.product(range(3), repeat=3):
        files = [file(1, days=3, size=2 * GB), file(2, days=40, channel="tom", size=3 * GB)]
        files += [file(10 + place, days=20 * place + 10, size=GB, **fates[fate]) for place, fate in enumerate(mix)]
        for days, count, newer, most, unpublished in itertools.product((0, 25), (0, 2), (0, 15), (0, 2), (False, True)):
            rules = Rules(days, count, newer, most * GB, unpublished)
            for total, free in itertools.product((0, 4), (0, 3)):
                yield files, rules, Limits(total * GB, free * GB), GB


def protected(one: File, rules: Rules) -> bool:
    young = bool(rules.keep_newer_days) and NOW - one.arrived_at < timedelta(days=rules.keep_newer_days)
    return not one.at_rest or young or not (one.published or rules.delete_unpublished)


def too_old(one: File, files: list[File], rules: Rules) -> bool:
    """By age and count alone."""
    newer = sum(other.channel == one.channel and other.started_at > one.started_at for other in files)
    kept = [NOW - one.started_at < timedelta(days=rules.keep_days)] if rules.keep_days else []
    kept += [newer < rules.keep_count] if rules.keep_count else []
    return bool(kept) and not any(kept)


def exceeded(left: list[File], freed: int, rules: Rules, limits: Limits, free: int) -> bool:
    """Whether any rule by size still asks for more room."""
    channels = [sum(one.size for one in left if one.channel == name) for name in ("pia", "tom")]
    if rules.max_bytes and any(size > rules.max_bytes for size in channels):
        return True
    if limits.max_bytes and sum(channels) > limits.max_bytes:
        return True
    return bool(limits.min_free) and free + freed < limits.min_free


def test_in_every_combination_the_promises_hold() -> None:
    seen = 0
    for files, rules, limits, free in every_combination():
        plan = planned(files, rules, limits, free)
        out = {decision.file.vod_id for decision in plan.deletions}
        deleted, left = [f for f in files if f.vod_id in out], [f for f in files if f.vod_id not in out]
        assert not any(protected(one, rules) for one in deleted)
        assert all(one in deleted for one in files if too_old(one, files, rules) and not protected(one, rules))
        by_size = [one for one in deleted if not too_old(one, files, rules)]
        if exceeded(left, plan.freed, rules, limits, free):
            assert plan.unmet
        else:
            assert not plan.unmet
        if by_size:  # not one more than needed: with the youngest of them back, a limit is exceeded
            last = max(by_size, key=lambda one: one.started_at)
            back = [*left, last]
            assert exceeded(back, plan.freed - last.size, rules, limits, free)
        seen += 1
    assert seen == 27 * 32 * 4


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_the_order_of_the_rows_does_not_matter(order: tuple[int, ...]) -> None:
    files = [FIVE[place] for place in order]
    assert gone(planned(files, Rules(keep_count=1))) == [3, 2]

"""Which video files retention deletes, and why. Pure: rows and rules in, a plan out.

1. A VOD that is not at rest keeps its file, and so does one whose file is young, or is the only copy and may not go.
   No rule deletes these; sizes count them.
2. The rules by age and by count are keeps, and what either keeps is kept: with both, a file goes that is too old and
   not among the newest. Without any of the two, nothing goes at this point.
3. The rules by size, a channel's own first, then that of all files, then that by free space, delete the oldest of what
   is left until there is room. They also take what 2 has kept.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class Rules:
    """What holds for one channel. Days, a number of files, bytes; 0: there is no such rule."""

    keep_days: int = 0
    keep_count: int = 0
    keep_newer_days: int = 0
    max_bytes: int = 0
    delete_unpublished: bool = False


@dataclass(frozen=True)
class Limits:
    """What holds for all files of this machine. Bytes; 0: there is no such rule."""

    max_bytes: int = 0
    min_free: int = 0


@dataclass(frozen=True)
class File:
    """A VOD's file. `arrived_at` is when it was archived, `published` whether the video is on YouTube too."""

    vod_id: int
    twitch_id: str
    channel: str
    title: str
    started_at: datetime
    arrived_at: datetime
    size: int
    published: bool
    at_rest: bool


@dataclass(frozen=True)
class Decision:
    """What becomes of a file. `reason` reads on after `deleted because` or `kept because`."""

    file: File
    delete: bool
    reason: str


@dataclass(frozen=True)
class Plan:
    """One decision for each file, the oldest broadcast first. `unmet`: sentences on limits that cannot be kept."""

    decisions: tuple[Decision, ...]
    unmet: tuple[str, ...] = ()

    @property
    def deletions(self) -> list[Decision]:
        return [decision for decision in self.decisions if decision.delete]

    @property
    def freed(self) -> int:
        return sum(decision.file.size for decision in self.deletions)


def make_plan(files: Sequence[File], rules: Mapping[str, Rules], limits: Limits, free: int, now: datetime) -> Plan:
    """`rules` by channel; `free` is how many bytes the disk has free now."""
    oldest_first = sorted(files, key=lambda file: (file.started_at, file.vod_id))
    rank = _ranks(oldest_first)
    kept: dict[int, str] = {}
    gone: dict[int, str] = {}
    safe = set()
    for file in oldest_first:
        rule = rules[file.channel]
        if why := _protection(file, rule, now):
            kept[file.vod_id] = why
            safe.add(file.vod_id)
        else:
            delete, why = _by_age_and_count(file, rule, rank[file.vod_id], now)
            (gone if delete else kept)[file.vod_id] = why
    unmet = _make_room(oldest_first, rules, limits, free, safe, gone)
    decisions = [
        Decision(file, file.vod_id in gone, gone.get(file.vod_id) or kept[file.vod_id]) for file in oldest_first
    ]
    return Plan(tuple(decisions), tuple(unmet))


def in_words(size: int) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 10**9 else f"{size / 1e6:.1f} MB"


def _ranks(oldest_first: Sequence[File]) -> dict[int, int]:
    """The place of each file among those of its channel, by VOD id; 1 is the newest."""
    seen: dict[str, int] = defaultdict(int)
    ranks = {}
    for file in reversed(oldest_first):
        seen[file.channel] += 1
        ranks[file.vod_id] = seen[file.channel]
    return ranks


def _protection(file: File, rule: Rules, now: datetime) -> str:
    """Why no rule may delete it; empty when one may."""
    if not file.at_rest:
        return "the VOD is at work, waits, or needs a decision"
    if rule.keep_newer_days and max(file.started_at, file.arrived_at) > now - timedelta(days=rule.keep_newer_days):
        return f"it is younger than {_days(rule.keep_newer_days)} (RETAIN_KEEP_NEWER_THAN_DAYS)"
    if not file.published and not rule.delete_unpublished:
        return "it is the only copy: the video is not on YouTube (RETENTION_DELETE_UNPUBLISHED)"
    return ""


def _by_age_and_count(file: File, rule: Rules, rank: int, now: datetime) -> tuple[bool, str]:
    if not rule.keep_days and not rule.keep_count:
        return False, "no rule by age or count holds for its channel"
    if rule.keep_days and file.started_at > now - timedelta(days=rule.keep_days):
        return False, f"its broadcast is younger than {_days(rule.keep_days)}"
    if rule.keep_count and rank <= rule.keep_count:
        return False, f"it is among the newest {rule.keep_count} of {file.channel}"
    missed = [f"its broadcast is older than {_days(rule.keep_days)}"] if rule.keep_days else []
    missed += [f"it is not among the newest {rule.keep_count} of {file.channel}"] if rule.keep_count else []
    return True, " and ".join(missed)


def _make_room(
    oldest_first: Sequence[File],
    rules: Mapping[str, Rules],
    limits: Limits,
    free: int,
    safe: set[int],
    gone: dict[int, str],
) -> list[str]:
    """Adds to `gone` what the size rules delete; the limits that cannot be kept, in words."""
    unmet = []

    def remove(among: Sequence[File], too_many: int, why: str) -> None:
        """Deletes the oldest of `among` until they take `too_many` bytes less."""
        for file in among:
            if too_many <= 0:
                return
            if file.vod_id not in safe and file.vod_id not in gone:
                gone[file.vod_id] = why
                too_many -= file.size
        if too_many > 0:
            unmet.append(f"{why[0].upper()}{why[1:]}, and nothing more may be deleted: {in_words(too_many)} too much.")

    def held(among: Sequence[File]) -> int:
        return sum(file.size for file in among if file.vod_id not in gone)

    of_channel: dict[str, list[File]] = defaultdict(list)
    for file in oldest_first:
        of_channel[file.channel].append(file)
    for channel, theirs in of_channel.items():
        if most := rules[channel].max_bytes:
            remove(theirs, held(theirs) - most, f"the files of {channel} take more than {in_words(most)}")
    if most := limits.max_bytes:
        why = f"all files take more than {in_words(most)} (RETENTION_MAX_SIZE)"
        remove(oldest_first, held(oldest_first) - most, why)
    if limits.min_free:
        freed = sum(file.size for file in oldest_first if file.vod_id in gone)
        why = f"less than {in_words(limits.min_free)} are free on the disk (RETENTION_MIN_FREE)"
        remove(oldest_first, limits.min_free - free - freed, why)
    return unmet


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"

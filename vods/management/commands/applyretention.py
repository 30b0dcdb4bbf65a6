"""`manage.py applyretention`: deletes old video files by the rules, or shows what would be deleted."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from vods import removal, retention
from vods.retention_plan import Decision, in_words

NO_RULE = (
    "No rule is set, so nothing is deleted. The rules are RETENTION_KEEP_DAYS, RETENTION_KEEP_COUNT, "
    "RETENTION_MAX_SIZE and RETENTION_MIN_FREE, and those of a channel in the admin."
)


class Command(BaseCommand):
    help = (
        "Deletes the video files of this machine that the rules of retention do not keep, and prints which and why. "
        "VODs, chat and YouTube videos stay. The worker does the same every RETENTION_INTERVAL. Try --dry-run first."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.epilog = "Example: RETENTION_KEEP_DAYS=60 manage.py applyretention --dry-run"
        parser.add_argument("--dry-run", action="store_true", help="Print the plan, and delete nothing.")
        parser.add_argument("--all", action="store_true", help="Print also what is kept, and why.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.MEDIA_DIR.is_dir():
            raise CommandError(f"MEDIA_DIR ({settings.MEDIA_DIR}) is not there: nothing can be said of its files.")
        dry = options["dry_run"] or settings.RETENTION_DRY_RUN
        left_over = 0 if dry else removal.finish_left_over()
        plan = retention.plan()
        if plan is None:
            self.stdout.write(NO_RULE)
            return
        self._table(plan.decisions if options["all"] else plan.deletions)
        for text in plan.unmet:
            self.stdout.write(text)
        kept = len(plan.decisions) - len(plan.deletions)
        if dry:
            why = "" if options["dry_run"] else " (RETENTION_DRY_RUN)"
            would = f"{len(plan.deletions)} files would be deleted, {in_words(plan.freed)}; {kept} would stay."
            self.stdout.write(f"Dry run{why}: {would}")
            return
        result = retention.carry_out(plan)
        for twitch_id, reason in result.stayed:
            self.stdout.write(f"{twitch_id} stays: {reason}")
        again = f" {left_over} more were left over by a run that was interrupted." if left_over else ""
        done = f"{result.deleted} files deleted, {in_words(result.freed)}; {kept + len(result.stayed)} stay."
        self.stdout.write(done + again)

    def _table(self, decisions: tuple[Decision, ...] | list[Decision]) -> None:
        if not decisions:
            return
        self.stdout.write(f"{'VOD':<12} {'channel':<20} {'broadcast':<10} {'size':>10}  {'':<6} because")
        for decision in decisions:
            file = decision.file
            what = "delete" if decision.delete else "keep"
            row = f"{file.twitch_id:<12} {file.channel:<20} {file.started_at:%Y-%m-%d} {in_words(file.size):>10}"
            self.stdout.write(f"{row}  {what:<6} {decision.reason}")

"""The rules of retention that a channel may have of its own."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

MOST_DAYS = 36500  # what is taken from a time must leave a time


class RetentionRules(models.Model):
    """Empty: as the settings say. retention_plan.py tells what the rules mean together."""

    retention_keep_days = models.PositiveIntegerField(
        _("keep days"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text=_("Keeps the files of broadcasts so young. Empty: RETENTION_KEEP_DAYS. 0: no such rule."),
    )
    retention_keep_count = models.PositiveIntegerField(
        _("keep count"),
        null=True,
        blank=True,
        help_text=_("Keeps the newest so many files. Empty: RETENTION_KEEP_COUNT. 0: no such rule."),
    )
    retention_keep_newer_days = models.PositiveIntegerField(
        _("keep newer than days"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(MOST_DAYS)],
        help_text=_("No rule deletes what is younger. Empty: RETAIN_KEEP_NEWER_THAN_DAYS. 36500 keeps everything."),
    )
    retention_max_gb = models.PositiveIntegerField(
        _("max GB"),
        null=True,
        blank=True,
        help_text=_("The most that its files may take, in GB. Empty or 0: no limit of its own."),
    )
    retention_delete_unpublished = models.BooleanField(
        _("delete unpublished"), null=True, blank=True,
        help_text=_("Delete also what is not on YouTube. Unknown: RETENTION_DELETE_UNPUBLISHED."),
    )  # fmt: skip

    class Meta:
        abstract = True

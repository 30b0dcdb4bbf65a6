"""Durable parts of counters and histograms. Written by store.py alone."""

from django.db import models


class Series(models.Model):
    """One number of one series: a counter's value, a histogram's bucket (not cumulative) or sum, or a moving average.

    `labels` is canonical JSON of the label values in the order of their declaration.
    """

    name = models.CharField(max_length=100)
    labels = models.CharField(max_length=200, default="[]")
    part = models.CharField(max_length=20)
    value = models.FloatField(default=0.0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "labels", "part"], name="series_part")]
        verbose_name_plural = "series"

    def __str__(self) -> str:
        return f"{self.name}{self.labels} {self.part}"

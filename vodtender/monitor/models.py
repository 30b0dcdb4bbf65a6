"""The small history behind the page /monitor. Written by sampling.py and reporting.py alone."""

from django.db import models


class Sample(models.Model):
    """What the counters and gauges said at one moment.

    `numbers` maps a series (sampling.key) to its value; a counter that is 0 is left out. What must not be overlooked
    between two points of a long range has a column, so that the database can tell the worst.
    """

    at = models.BigIntegerField(primary_key=True, help_text="Seconds since 1970, a multiple of 15.")
    kept = models.BooleanField(help_text="The first of its five minutes: kept for a week, the others for hours.")
    queue_depth = models.IntegerField()
    circuit_state = models.SmallIntegerField(help_text="0 closed, 1 half-open, 2 open.")
    numbers = models.JSONField()

    class Meta:
        indexes = [models.Index(fields=["kept", "at"], name="sample_kept_at")]

    def __str__(self) -> str:
        return str(self.at)


class WebProcess(models.Model):
    """What a running web process last said of its connection pool, which nobody else can see."""

    name = models.CharField(primary_key=True, max_length=120, help_text="Host and process id.")
    seen = models.DateTimeField(help_text="By the database's clock.")
    pool_size = models.IntegerField()
    pool_in_use = models.IntegerField()

    def __str__(self) -> str:
        return self.name

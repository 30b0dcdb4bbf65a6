"""The one way in which work on a VOD ends because it was told to."""

from __future__ import annotations


class Stopped(Exception):
    """The stop event was set, or publishing was not allowed any more; the partial file and its journal are kept."""

    is_failure = False  # for traces

"""Short jobs for django-q2."""

from __future__ import annotations

from chat.reconcile import reconcile


def reconcile_recordings() -> int:
    """Ties recordings to VODs. Returns how many ties are new."""
    return reconcile()

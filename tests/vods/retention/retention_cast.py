"""The type of the fixture `archived`: makes a VOD with a file, by fields of Vod, `days` of age and `size` in bytes."""

from __future__ import annotations

from collections.abc import Callable

from vods.models import Vod

Archived = Callable[..., Vod]

"""Helix' rate limit: one bucket of points for every client id (and, with a user's token, for every user of it).

https://dev.twitch.tv/docs/api/guide/#twitch-rate-limits: 800 points a minute, told in Ratelimit-* headers.
"""

from __future__ import annotations

import time

POINTS, SECONDS = 800, 60.0


class Bucket:
    """Fills evenly: `points` in `seconds`."""

    def __init__(self, points: int, seconds: float) -> None:
        self._size, self._seconds = points, seconds
        self._points, self._at = float(points), time.monotonic()

    @property
    def left(self) -> int:
        return int(self._filled())

    def spend(self) -> bool:
        """Takes a point; False when there is none."""
        self._points, self._at = self._filled(), time.monotonic()
        if self._points < 1:
            return False
        self._points -= 1
        return True

    def headers(self) -> dict[str, str]:
        """Reset is the unix second in which the bucket is full again."""
        full_in = (self._size - self._filled()) * self._seconds / self._size
        return {
            "Ratelimit-Limit": str(self._size),
            "Ratelimit-Remaining": str(self.left),
            "Ratelimit-Reset": str(int(time.time() + full_in) + 1),
        }

    def _filled(self) -> float:
        since = time.monotonic() - self._at
        return min(self._size, self._points + since * self._size / self._seconds)


class Buckets:
    """All buckets. They are full after a start."""

    def __init__(self) -> None:
        self._points, self._seconds = POINTS, SECONDS
        self._buckets: dict[str, Bucket] = {}

    def of(self, client_id: str, login: str | None) -> Bucket:
        name = f"{client_id}/{login}" if login else client_id
        if name not in self._buckets:
            self._buckets[name] = Bucket(self._points, self._seconds)
        return self._buckets[name]

    def resize(self, points: int, seconds: float) -> None:
        """Makes all buckets anew and full. Raises ValueError for a size that is none."""
        if points < 1 or not seconds > 0:
            raise ValueError("a bucket has at least one point and fills in more than 0 seconds")
        self._points, self._seconds = points, seconds
        self._buckets.clear()

    def to_json(self) -> dict[str, object]:
        left = {name: bucket.left for name, bucket in self._buckets.items()}
        return {"points": self._points, "seconds": self._seconds, "left": left}

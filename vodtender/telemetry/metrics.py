"""Every durable series, declared once. The names, labels and buckets are those of the observability guide."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Counter:
    """`name` is without the `_total` that Prometheus adds. `zeros`: label values that exist from the first scrape."""

    name: str
    help: str
    labels: tuple[str, ...] = ()
    zeros: tuple[tuple[str, ...], ...] = ((),)


@dataclass(frozen=True)
class Histogram:
    """`buckets` are upper bounds in seconds, without +Inf."""

    name: str
    help: str
    buckets: tuple[int, ...]
    labels: tuple[str, ...] = ()
    zeros: tuple[tuple[str, ...], ...] = ((),)


@dataclass(frozen=True)
class Average:
    """An exponential moving average in milliseconds (alpha 0.2), shown by /status."""

    name: str


MINUTE, HOUR = 60, 3600
DOWNLOAD_BUCKETS = (MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
UPLOAD_BUCKETS = (30, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 30 * MINUTE)
TOTAL_BUCKETS = (MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR)
STEP_BUCKETS = tuple(sorted({*DOWNLOAD_BUCKETS, *UPLOAD_BUCKETS, *TOTAL_BUCKETS}))

DOWNLOADS_STARTED = Counter("vod_downloads_started", "Total downloads started")
DOWNLOADS_SUCCEEDED = Counter("vod_downloads_succeeded", "Successful downloads")
DOWNLOADS_FAILED = Counter("vod_downloads_failed", "Failed downloads")
UPLOADS_SUCCEEDED = Counter("vod_uploads_succeeded", "Successful uploads")
UPLOADS_FAILED = Counter("vod_uploads_failed", "Failed uploads")
DOWNLOAD_BYTES = Counter("vod_download_bytes", "Bytes taken from Twitch, each once although a download is resumed")
UPLOAD_BYTES = Counter("vod_upload_bytes", "Bytes sent to YouTube")
RETENTION_DELETIONS = Counter("vod_retention_deletions", "Video files deleted by retention")
RETENTION_BYTES = Counter("vod_retention_deleted_bytes", "Bytes freed by retention")
PROCESSING_CYCLES = Counter("vod_processing_cycles", "Processing cycles executed")
CIRCUIT_FAILURES = Counter("vod_circuit_breaker_failures", "Failures counted by the circuit breaker")
CIRCUIT_CHANGES = Counter(
    "circuit_breaker_state_changes",
    "Circuit breaker state transitions",
    ("from", "to"),
    (("closed", "open"), ("open", "half_open"), ("half_open", "closed"), ("half_open", "open")),
)
CHAT_RECONNECTIONS = Counter("chat_reconnections", "Total chat reconnections")
CHAT_MESSAGES = Counter("chat_messages_recorded", "Chat messages recorded", ("channel",), ())
TOKEN_REFRESHES = Counter(
    "oauth_token_refresh",
    "Token refresh attempts",
    ("provider", "status"),
    tuple((provider, status) for provider in ("twitch", "youtube") for status in ("success", "failure")),
)
HELIX_CALLS = Counter(
    "helix_api_calls",
    "Twitch Helix API call counts",
    ("endpoint", "status"),
    tuple((endpoint, status) for endpoint in ("users", "videos", "streams") for status in ("200", "429", "error")),
)

DOWNLOAD_DURATION = Histogram("vod_download_duration_seconds", "Download duration", DOWNLOAD_BUCKETS)
UPLOAD_DURATION = Histogram("vod_upload_duration_seconds", "Upload duration", UPLOAD_BUCKETS)
TOTAL_DURATION = Histogram("vod_processing_total_duration_seconds", "Working time of a VOD", TOTAL_BUCKETS)
STEP_DURATION = Histogram(
    "vod_processing_step_duration_seconds",
    "Duration of one step",
    STEP_BUCKETS,
    ("step",),
    (("download",), ("upload",), ("total",)),
)

AVG_DOWNLOAD_MS = Average("avg_download_ms")
AVG_UPLOAD_MS = Average("avg_upload_ms")
AVG_TOTAL_MS = Average("avg_total_ms")

COUNTERS = (
    DOWNLOADS_STARTED,
    DOWNLOADS_SUCCEEDED,
    DOWNLOADS_FAILED,
    UPLOADS_SUCCEEDED,
    UPLOADS_FAILED,
    DOWNLOAD_BYTES,
    UPLOAD_BYTES,
    RETENTION_DELETIONS,
    RETENTION_BYTES,
    PROCESSING_CYCLES,
    CIRCUIT_FAILURES,
    CIRCUIT_CHANGES,
    CHAT_RECONNECTIONS,
    CHAT_MESSAGES,
    TOKEN_REFRESHES,
    HELIX_CALLS,
)
HISTOGRAMS = (DOWNLOAD_DURATION, UPLOAD_DURATION, TOTAL_DURATION, STEP_DURATION)
AVERAGES = (AVG_DOWNLOAD_MS, AVG_UPLOAD_MS, AVG_TOTAL_MS)

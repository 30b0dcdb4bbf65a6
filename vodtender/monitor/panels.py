"""The ten panels of the observability guide, from the samples of a range."""

from __future__ import annotations

from datetime import UTC, datetime

from vods.templatetags.humane import relative
from vodtender.monitor import sampling
from vodtender.monitor.history import History, Values
from vodtender.monitor.lines import (
    NOTHING,
    Counted,
    Gauge,
    Line,
    Panel,
    last,
    most,
    number,
    of_labels,
    rate_panel,
    seconds,
)
from vodtender.telemetry import metrics
from vodtender.telemetry.metrics import Counter, Histogram

UNKNOWN = "unknown"
STALE_AFTER = 75  # seconds without a sample
QUEUE_WARN, QUEUE_BAD, QUEUE_DIAL = 50, 100, 150  # VODs; where the dial ends
CIRCUITS = (("closed", "good"), ("half-open", "warn"), ("open", "bad"))
SHARES = (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
CIRCUIT_WORDS = {
    "closed": "Downloads run as usual.",
    "half-open": "One VOD is tried; then it closes or opens again.",
    "open": "Too many failures in a row; nothing is begun until it is tried again.",
    NOTHING: "No sample yet.",
}
OUTCOMES = {
    metrics.DOWNLOADS_STARTED: ("started", "accent"),
    metrics.DOWNLOADS_SUCCEEDED: ("succeeded", "good"),
    metrics.DOWNLOADS_FAILED: ("failed", "bad"),
    metrics.UPLOADS_SUCCEEDED: ("succeeded", "good"),
    metrics.UPLOADS_FAILED: ("failed", "bad"),
}


def all_panels(history: History) -> list[Panel]:
    """In the guide's order."""
    inside = history.range.words
    return [
        _queue(history),
        _circuit(history),
        _outcomes(
            history,
            ("download-rate", "Download rate"),
            (metrics.DOWNLOADS_STARTED, metrics.DOWNLOADS_SUCCEEDED, metrics.DOWNLOADS_FAILED),
            f"No downloads {inside} yet.",
        ),
        _durations(history, ("download-duration", "Download duration"), metrics.DOWNLOAD_DURATION, "download"),
        _outcomes(
            history,
            ("upload-rate", "Upload rate"),
            (metrics.UPLOADS_SUCCEEDED, metrics.UPLOADS_FAILED),
            f"No uploads {inside} yet.",
        ),
        _durations(history, ("upload-duration", "Upload duration"), metrics.UPLOAD_DURATION, "upload"),
        _pool(history),
        rate_panel(
            history,
            ("chat", "Chat messages recorded"),
            of_labels(history, metrics.CHAT_MESSAGES.name, ()),
            f"No chat messages {inside} yet.",
        ),
        rate_panel(
            history,
            ("oauth", "OAuth token refreshes"),
            _refreshes(history),
            f"No access was renewed {inside} yet.",
        ),
        rate_panel(
            history,
            ("helix", "Twitch API (Helix) calls"),
            of_labels(history, metrics.HELIX_CALLS.name, metrics.HELIX_CALLS.zeros),
            f"Twitch was not asked {inside} yet.",
        ),
    ]


def notice(history: History, now: int) -> str:
    """What is wrong with the samples themselves, or an empty text."""
    if history.newest is None:
        return (
            f"Nothing was sampled {history.range.words} yet. The worker takes a sample every {sampling.INTERVAL} "
            "seconds: it does not run, or has just started."
        )
    if now - history.newest <= STALE_AFTER:
        return ""
    ago = relative(datetime.fromtimestamp(history.newest, UTC), datetime.fromtimestamp(now, UTC))
    return f"The newest sample was taken {ago}: the worker does not run, or cannot reach the database."


def _queue(history: History) -> Panel:
    values = history.shown(history.gauge(sampling.QUEUE))
    depth = last(values)
    share = round(min(depth or 0, QUEUE_DIAL) / QUEUE_DIAL * 100)
    words = f"Green below {QUEUE_WARN}, yellow to {QUEUE_BAD}, red above."
    gauge = Gauge(number(depth), words, _queue_level(depth), share)
    lines = [_plain("VODs", "accent", values)]
    return Panel(
        "queue", "VOD queue depth", "count", "not processed yet", ("Now", "Most"), lines, _unless(values), gauge
    )


def _queue_level(depth: float | None) -> str:
    if depth is None:
        return UNKNOWN
    return "good" if depth < QUEUE_WARN else "warn" if depth <= QUEUE_BAD else "bad"


def _circuit(history: History) -> Panel:
    values = history.shown(history.gauge(sampling.CIRCUIT))
    worst = most(values)
    word, level = _circuit_word(last(values))
    share = 0 if word == NOTHING else round((CIRCUITS.index((word, level)) + 1) / len(CIRCUITS) * 100)
    gauge = Gauge(word, CIRCUIT_WORDS[word], level, share)
    lines = [Line("state", "accent", values, (word, _circuit_word(worst)[0]))]
    return Panel("circuit", "Circuit breaker", "circuit", "", ("Now", "Worst"), lines, _unless(values), gauge)


def _circuit_word(value: float | None) -> tuple[str, str]:
    return (NOTHING, UNKNOWN) if value is None else CIRCUITS[int(value)]


def _outcomes(history: History, title: tuple[str, str], counters: tuple[Counter, ...], empty: str) -> Panel:
    counted = [Counted(*OUTCOMES[counter], history.grown(sampling.key(counter.name))) for counter in counters]
    return rate_panel(history, title, counted, empty)


def _refreshes(history: History) -> list[Counted]:
    name = metrics.TOKEN_REFRESHES.name
    return [
        Counted(f"{provider} {status}", tone, history.grown(sampling.key(name, (provider, status))))
        for provider, status, tone in (
            ("twitch", "success", "good"),
            ("twitch", "failure", "bad"),
            ("youtube", "success", "good dashed"),
            ("youtube", "failure", "bad dashed"),
        )
    ]


def _durations(history: History, title: tuple[str, str], histogram: Histogram, what: str) -> Panel:
    buckets = history.buckets(histogram)
    lines = []
    for place, (name, share) in enumerate(SHARES):
        values = history.shown(history.quantiles(share, histogram, buckets))
        cells = (seconds(last(values)), seconds(history.quantile(share, histogram, buckets)))
        lines.append(Line(name, f"tone{place + 1} solid", values, cells))
    empty = "" if any(value is not None for line in lines for value in line.values) else _ended(what, history)
    return Panel(*title, "seconds", "of the hour before each point", ("Last hour", "Whole range"), lines, empty)


def _ended(what: str, history: History) -> str:
    return f"No {what} ended {history.range.words} yet."


def _pool(history: History) -> Panel:
    lines = [
        _plain("size", "quiet", history.shown(history.gauge(sampling.POOL_SIZE))),
        _plain("in use", "accent", history.shown(history.gauge(sampling.POOL_IN_USE))),
    ]
    empty = "" if most(lines[0].values) is not None else f"No web server told of its connections {history.range.words}."
    return Panel("pool", "Database connections", "count", "of the web's pool", ("Now", "Most"), lines, empty)


def _plain(name: str, tone: str, values: Values) -> Line:
    return Line(name, tone, values, (number(last(values)), number(most(values))))


def _unless(values: Values) -> str:
    return "" if most(values) is not None else "No sample yet."

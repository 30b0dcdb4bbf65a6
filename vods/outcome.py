"""What becomes of a VOD when a try ends: every such transition, with its attempt and its counts in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from django.conf import settings
from django.db import transaction

from vods import attempts, circuit, eligible
from vods.attempts import LineKeeper
from vods.dbclock import DbNow
from vods.failures import DISK_FULL_WAIT, Policy, judge
from vods.leasing import Lease, LeaseLost, Stage
from vods.mediafile import MediaFile
from vods.models import Attempt, Redo, State, Switchboard
from vods.owner import host_name
from vods.places import clear_work
from vodtender.http import ServiceError
from vodtender.telemetry import metrics, store
from vodtender.telemetry.redaction import redacted

log = logging.getLogger(__name__)
Outcome = Attempt.Outcome


@dataclass(frozen=True)
class Done:
    """A try that is about to end."""

    lease: Lease
    attempt: Attempt
    lines: LineKeeper

    @property
    def seconds(self) -> float:
        return (datetime.now(UTC) - self.attempt.started_at).total_seconds()

    @property
    def worked(self) -> float:
        """The VOD's working time with this try."""
        return self.lease.vod.working_seconds + self.seconds


Finish = Callable[[Done], Outcome]


def downloaded(done: Done, media: MediaFile) -> Outcome:
    vod, seconds = done.lease.vod, done.seconds
    wanted = eligible.upload_wanted(vod)
    log.info("VOD %s is downloaded and verified: %d bytes, %.1f s.", vod.twitch_id, media.size, media.duration)
    events: list[store.Count | store.Observation] = [
        store.Count(metrics.DOWNLOADS_SUCCEEDED),
        store.Observation(metrics.DOWNLOAD_DURATION, seconds),
        store.Observation(metrics.STEP_DURATION, seconds, ("download",)),
    ]
    with transaction.atomic():
        _leave(
            done,
            State.DOWNLOADED if wanted else State.DONE,
            attempts=0,
            file_path=media.path.relative_to(settings.MEDIA_DIR).as_posix(),
            file_host=host_name(),
            file_size=media.size,
            file_sha256=media.sha256,
            file_quality=media.quality,
            file_deleted_at=None,
            file_deleted_by="",
            file_to_remove="",
            file_missing_at=None,
            bytes_done=media.size,
            bytes_total=media.size,
            gaps=[{"start": gap.start, "duration": gap.duration} for gap in media.gaps],
            muted=[{"start": mute.start, "duration": mute.duration} for mute in media.muted],
            redo=Redo.NOTHING,
            error="",
            error_kind="",
            **({} if wanted else {"done_at": DbNow()}),
        )
        events += attempts.end(done.attempt, Outcome.SUCCEEDED, size=done.lease.moved, log=done.lines.text())
        store.average(metrics.AVG_DOWNLOAD_MS, seconds * 1000)
        _count_done(done, [*events, *circuit.succeeded(vod.channel)], at_done=not wanted)
    clear_work(vod.twitch_id)
    return Outcome.SUCCEEDED


def uploaded(done: Done, youtube_id: str) -> Outcome:
    vod, seconds = done.lease.vod, done.seconds
    log.info("VOD %s is on YouTube as %s.", vod.twitch_id, youtube_id)
    events: list[store.Count | store.Observation] = [
        store.Count(metrics.UPLOADS_SUCCEEDED),
        store.Observation(metrics.UPLOAD_DURATION, seconds),
        store.Observation(metrics.STEP_DURATION, seconds, ("upload",)),
    ]
    with transaction.atomic():
        _leave(
            done,
            State.DONE,
            attempts=0,
            youtube_id=youtube_id,
            upload_session="",
            bytes_done=vod.file_size or 0,
            bytes_total=vod.file_size,
            done_at=DbNow(),
            redo=Redo.NOTHING,
            error="",
            error_kind="",
        )
        events += attempts.end(done.attempt, Outcome.SUCCEEDED, size=done.lease.moved, log=done.lines.text())
        store.average(metrics.AVG_UPLOAD_MS, seconds * 1000)
        _count_done(done, [*events, *circuit.succeeded(Switchboard.read())], at_done=True)
    return Outcome.SUCCEEDED


def verified(done: Done) -> Outcome:
    """The file is as it was when it was downloaded."""
    vod = done.lease.vod
    wanted = eligible.upload_wanted(vod)
    log.info("VOD %s is verified: its file is unchanged.", vod.twitch_id)
    with transaction.atomic():
        fields = {"redo": Redo.NOTHING, "error": "", "error_kind": "", "attempts": 0, "file_missing_at": None}
        _leave(done, State.DOWNLOADED if wanted else State.DONE, **fields)
        attempts.end(done.attempt, Outcome.SUCCEEDED, size=vod.file_size or 0, log=done.lines.text())
    return Outcome.SUCCEEDED


def failed(done: Done, error: ServiceError) -> Outcome:
    vod, stage = done.lease.vod, done.lease.stage
    now = datetime.now(UTC)
    verdict = judge(error, step=stage, attempts=vod.attempts, policy=_policy(stage), now=now)
    message = redacted(error.message)  # the pages show it
    log.warning("The %s of VOD %s failed (%s): %s", done.attempt.step, vod.twitch_id, error.kind, message)
    text, size, kind = done.lines.text(), done.lease.moved, str(error.kind)
    try:
        with transaction.atomic():
            _leave(
                done,
                verdict.state,
                attempts=vod.attempts + int(verdict.charged),
                not_before=verdict.not_before,
                error=message,
                error_kind=kind,
            )
            ended = attempts.end(done.attempt, Outcome.FAILED, size=size, log=text, error=message, kind=kind)
            breaker = vod.channel if stage == Stage.DOWNLOAD else Switchboard.read()
            broken = circuit.failed(breaker, now) if circuit.counts(error.kind) else []
            store.record(*_failure_counts(done), *ended, *broken)
    except LeaseLost:
        return lost(done)
    return Outcome.FAILED


def _failure_counts(done: Done) -> list[store.Count]:
    if done.attempt.step == "verify":
        return []
    return [store.Count(metrics.DOWNLOADS_FAILED if done.lease.stage == Stage.DOWNLOAD else metrics.UPLOADS_FAILED)]


def waits_for_space(lease: Lease, problem: ServiceError) -> Outcome:
    """Nothing was tried, so nothing is counted: it is looked at again in a minute, and said once."""
    if lease.vod.error_kind != problem.kind:
        log.warning("%s", problem.message)
    not_before = datetime.now(UTC) + DISK_FULL_WAIT
    lease.leave(State.FAILED, not_before=not_before, error=problem.message, error_kind=str(problem.kind))
    return Outcome.FAILED


def stopped(done: Done) -> Outcome:
    """The work was told to end: canceled by a person, drained by a stop, or fenced."""
    if done.lease.why == "canceled":
        return _canceled(done)
    if done.lease.why == "drained":
        return _given_back(done)
    return lost(done)


def still_live(done: Done) -> Outcome:
    """The broadcast still runs: the VOD waits for its end, uncharged."""
    log.info("The broadcast of VOD %s still runs; it is downloaded when it has ended.", done.lease.vod.twitch_id)
    with transaction.atomic():
        _leave(done, State.QUEUED, live=True, error="", error_kind="")
        store.record(*attempts.end(done.attempt, Outcome.DRAINED, size=done.lease.moved, log=done.lines.text()))
    return Outcome.DRAINED


def lost(done: Done) -> Outcome:
    log.warning("VOD %s belongs to another worker now; this one lets go.", done.lease.vod.twitch_id)
    text, moved = done.lines.text(), done.lease.moved
    with transaction.atomic():
        store.record(*attempts.end(done.attempt, Outcome.LOST, size=moved, log=text, error="The lease was lost."))
    return Outcome.LOST


def _canceled(done: Done) -> Outcome:
    log.info("VOD %s is canceled.", done.lease.vod.twitch_id)
    with transaction.atomic():
        _leave(done, State.CANCELED, bytes_done=0, bytes_total=None, error="", error_kind="", cancel_requested_at=None)
        store.record(*attempts.end(done.attempt, Outcome.CANCELED, size=done.lease.moved, log=done.lines.text()))
    if done.lease.stage == Stage.DOWNLOAD and not done.lease.keep_partial:
        clear_work(done.lease.vod.twitch_id)
    return Outcome.CANCELED


def _given_back(done: Done) -> Outcome:
    waiting = State.QUEUED if done.lease.stage == Stage.DOWNLOAD else State.DOWNLOADED
    log.info("VOD %s is given back; it goes on where it stopped.", done.lease.vod.twitch_id)
    with transaction.atomic():
        _leave(done, waiting)
        store.record(*attempts.end(done.attempt, Outcome.DRAINED, size=done.lease.moved, log=done.lines.text()))
    return Outcome.DRAINED


def _leave(done: Done, state: State, **fields: object) -> None:
    """Ends the lease and writes the new state. Raises LeaseLost when the VOD is not ours any more."""
    worked = done.worked
    done.lease.leave(state, working_seconds=worked, **fields)
    done.lease.vod.working_seconds = worked


def _count_done(done: Done, events: list[store.Count | store.Observation], *, at_done: bool) -> None:
    if at_done:
        worked = done.lease.vod.working_seconds  # as it was just written
        events.append(store.Observation(metrics.TOTAL_DURATION, worked))
        events.append(store.Observation(metrics.STEP_DURATION, worked, ("total",)))
        store.average(metrics.AVG_TOTAL_MS, worked * 1000)
    store.record(*events)


def _policy(stage: Stage) -> Policy:
    cooldown = settings.PROCESSING_RETRY_COOLDOWN
    if stage == Stage.DOWNLOAD:
        return Policy(settings.DOWNLOAD_MAX_ATTEMPTS, settings.DOWNLOAD_BACKOFF_BASE, cooldown)
    return Policy(settings.UPLOAD_MAX_ATTEMPTS, settings.UPLOAD_BACKOFF_BASE, cooldown)

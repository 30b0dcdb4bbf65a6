"""Takes one VOD through the stage that it waits for, and on to the next where a slot is free."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from vods import attempts, dispatch, drain, eligible, leasing, outcome, space, spans
from vods.download import StillLive, download_vod
from vods.leasing import Lease, LeaseLost, Stage
from vods.models import Attempt, Redo, youtube_url
from vods.recheck import recheck_file
from vods.stopped import Stopped
from vods.upload import upload_vod
from vodtender.http import ErrorKind, ServiceError
from vodtender.telemetry import correlation, store, tracing
from vodtender.telemetry.metrics import DOWNLOADS_STARTED

log = logging.getLogger(__name__)


def process_once(stage: Stage) -> str:
    """Claims a VOD for `stage` and works on it; a sentence that says what came of it, for the task's result.

    After a download the same task goes on to the upload when a slot is free.
    """
    if drain.draining.is_set():
        return "This worker is stopping."
    began_ns = time.time_ns()
    lease = leasing.claim(stage, limit=eligible.limit(stage), channels=eligible.channels(stage))
    if lease is None:
        return "Nothing to do."
    with correlation.correlated(lease.vod.correlation_id or correlation.current()), spans.process_once(lease, began_ns):
        result = _work(lease)
        if stage == Stage.DOWNLOAD and result == Attempt.Outcome.SUCCEEDED and not drain.draining.is_set():
            upload = leasing.claim(
                Stage.UPLOAD,
                limit=eligible.limit(Stage.UPLOAD),
                channels=eligible.channels(Stage.UPLOAD),
                vod_id=lease.vod.pk,
            )
            if upload is not None:
                result = _work(upload)
    if not drain.draining.is_set():
        with correlation.correlated():  # the next VOD is no part of this one's story
            dispatch.fill()
    return f"VOD {lease.vod.twitch_id}: {result}."


def _work(lease: Lease) -> Attempt.Outcome:
    work = _chosen(lease)
    if (problem := _hindrance(lease, work)) is not None:
        tracing.current().fail(problem.kind, problem.message)
        return outcome.waits_for_space(lease, problem)
    fresh = not attempts.continues(lease)
    attempt = attempts.begin(lease)
    if fresh and work is _download:
        store.record(store.Count(DOWNLOADS_STARTED))
    log.info("The %s of VOD %s begins.", attempt.step, lease.vod.twitch_id)
    whole = tracing.current()
    with attempts.log_lines() as lines, spans.step(lease, attempt.step) as span:
        done = outcome.Done(lease, attempt, lines)
        try:
            with lease.kept():
                finish = work(lease)
            return finish(done)
        except Stopped:
            return outcome.stopped(done)
        except LeaseLost:
            return outcome.lost(done)
        except StillLive:
            return outcome.still_live(done)
        except ServiceError as error:
            trouble = error
        except Exception:  # a bug of ours must not take the VOD out of everybody's sight
            log.exception("The %s of VOD %s met an error of our own.", lease.stage, lease.vod.twitch_id)
            trouble = _bug(lease)
        for failed in (span, whole):
            failed.fail(trouble.kind, trouble.message)
        return outcome.failed(done, trouble)


def _hindrance(lease: Lease, work: Callable[[Lease], outcome.Finish]) -> ServiceError | None:
    """Why this is not the time: no room, or no folder. Downloads write there, the others read what is there."""
    return space.reserve(lease) if work is _download else space.folder_trouble(writing=False)


def _chosen(lease: Lease) -> Callable[[Lease], outcome.Finish]:
    if lease.stage == Stage.UPLOAD:
        return _upload
    return _verify if lease.vod.redo == Redo.VERIFY else _download


def _verify(lease: Lease) -> outcome.Finish:
    recheck_file(lease.vod, lease.stop)
    return outcome.verified


def _download(lease: Lease) -> outcome.Finish:
    media = download_vod(lease)
    return lambda done: outcome.downloaded(done, media)


def _upload(lease: Lease) -> outcome.Finish:
    def on_progress(sent: int, size: int) -> None:
        lease.report(sent, size)

    youtube_id = upload_vod(lease.vod, lease=lease, stop=lease.stop, on_progress=on_progress)
    tracing.current().tell({"upload.youtube_url": youtube_url(youtube_id)})
    return lambda done: outcome.uploaded(done, youtube_id)


def _bug(lease: Lease) -> ServiceError:
    what = f"the {lease.stage} of VOD {lease.vod.twitch_id}"
    text = f"vod-tender itself failed at {what}. The log has the details; please report it."
    return ServiceError("vod-tender", ErrorKind.BUG, text)

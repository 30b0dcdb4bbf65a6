"""What a VOD's state and error mean for a person, and the one button that helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vods.models import WORKING, Circuit, Redo, State, Step, Switchboard, Vod
from vodtender.http import ErrorKind

SENTENCES = {
    State.QUEUED: "Waits for its turn to be downloaded.",
    State.DOWNLOADING: "Being downloaded from Twitch.",
    State.DOWNLOADED: "Downloaded and verified. Waits to be uploaded to YouTube.",
    State.UPLOADING: "Being uploaded to YouTube.",
    State.DONE: "Archived.",
    State.FAILED: "Something went wrong that may pass. It is tried again by itself.",
    State.NEEDS_ATTENTION: "Stopped at something that will not pass by itself. You decide how it goes on.",
    State.SKIPPED: "Twitch does not give this VOD to us, or no longer has it.",
    State.CANCELED: "Canceled by a person. It stays so until it is queued again.",
    State.IGNORED: "Known, but not wanted so far. Queue it to archive it.",
}


@dataclass(frozen=True)
class Action:
    """A button: its address, its words, whether it is the one that helps most, and what it sends along."""

    name: str
    label: str
    primary: bool = False
    field: str = ""
    value: str = ""


REQUEUE = Action("vod-requeue", "Requeue", primary=True)
ACCEPT_GAP = Action("vod-accept-gap", "Accept the gap", primary=True)
QUEUE = Action("vod-requeue", "Queue it", primary=True)
RETRY_NOW = Action("vod-requeue", "Try now")
CANCEL = Action("vod-cancel", "Cancel")
CANCEL_KEEP = Action("vod-cancel", "Cancel, keep what is downloaded", field="keep_partial", value="1")
DOWNLOAD_AGAIN = Action("vod-requeue", "Download again", field="stage", value="download")
VERIFY = Action("vod-requeue", "Verify the file", field="stage", value="verify")
UPLOAD = Action("vod-requeue", "Upload to YouTube", field="stage", value="upload")
UPLOAD_AGAIN = Action("vod-requeue", "Upload again, if YouTube lost it", field="stage", value="upload")

ACTIONS = {
    State.QUEUED: (CANCEL,),
    State.DOWNLOADING: (CANCEL,),
    State.DOWNLOADED: (CANCEL,),
    State.UPLOADING: (CANCEL,),
    State.DONE: (),
    State.FAILED: (RETRY_NOW, CANCEL),
    State.NEEDS_ATTENTION: (REQUEUE,),
    State.SKIPPED: (RETRY_NOW,),
    State.CANCELED: (REQUEUE,),
    State.IGNORED: (QUEUE,),
}


PRIORITY_MATTERS = frozenset(State) - {State.DONE, State.SKIPPED}


def sentence(vod: Vod, now: datetime) -> str:
    """What its state means, in one sentence."""
    if vod.cancel_requested_at and vod.state in WORKING:
        return "Is being canceled: the worker stops at its next look, within seconds."
    if vod.redo == Redo.VERIFY and vod.state in {State.QUEUED, State.DOWNLOADING}:
        waits = vod.state == State.QUEUED
        return "Waits for its file to be verified." if waits else "Its file is being compared with what was downloaded."
    if vod.redo == Redo.UPLOAD and vod.state == State.DOWNLOADED:
        return "Waits to be uploaded again, unless its video is still on YouTube."
    if vod.live and vod.state == State.QUEUED:
        return "The broadcast is still running. It is downloaded when it has ended."
    if vod.state == State.DONE and vod.file_deleted_at:
        where = "The video is on YouTube. " if vod.youtube_id else ""
        gone = "Archived; its file was deleted by the rules of retention."
        return f"{gone} {where}It can be downloaded again while Twitch has it."
    if vod.file_missing_at and not vod.youtube_id and vod.state in {State.DONE, State.DOWNLOADED}:
        return "It was archived, but its file is missing now. Put the file back, or download it again."
    if vod.file_missing_at and vod.state == State.DONE:
        return "Published on YouTube. Its file here is missing: put it back, or download it again."
    if vod.state == State.DONE:
        return "Archived, and published on YouTube." if vod.youtube_id else "Archived."
    if vod.state == State.CANCELED and vod.keep_partial:
        return "Canceled by a person. What was downloaded so far is kept: a requeue goes on there."
    if vod.state == State.FAILED and not vod.waits(now):
        return "Something went wrong that may pass. It is tried again in the next minute."
    return SENTENCES[State(vod.state)]


def actions(vod: Vod) -> tuple[Action, ...]:
    """The buttons that make sense now, the one that helps first."""
    if vod.cancel_requested_at and vod.state in WORKING:
        return ()
    if vod.state == State.NEEDS_ATTENTION and vod.error_kind == ErrorKind.MISSING_SEGMENT:
        return (ACCEPT_GAP, RETRY_NOW)
    chosen = ACTIONS[State(vod.state)]
    return (*chosen, CANCEL_KEEP) if CANCEL in chosen and _has_partial(vod) else chosen


def stages(vod: Vod, *, has_file: bool, uploads: bool) -> tuple[Action, ...]:
    """The single stages that can be done again, beside what `actions` offers. `uploads`: whether there are any."""
    if vod.state in WORKING or vod.live:
        return ()
    if not has_file:
        return (DOWNLOAD_AGAIN,) if vod.state == State.DONE or vod.file_missing_at else ()
    offered = [DOWNLOAD_AGAIN, VERIFY]
    if uploads and not vod.skip_upload and vod.state not in {State.DOWNLOADED, State.SKIPPED}:
        offered.append(UPLOAD_AGAIN if vod.youtube_id else UPLOAD)
    return tuple(offered)


def held(vod: Vod, board: Switchboard) -> str:
    """Why nothing happens with a VOD that waits; empty when nothing holds it back."""
    if vod.state not in {State.QUEUED, State.DOWNLOADED, State.FAILED}:
        return ""
    if board.paused:
        return "Everything is paused: it waits until that is resumed."
    if vod.channel.paused:
        return f"{vod.channel} is paused: it waits until that is resumed."
    uploading = vod.state == State.DOWNLOADED or (vod.state == State.FAILED and vod.step == Step.UPLOAD)
    if uploading and board.uploads_paused:
        return "Uploads are paused: it waits until they are resumed."
    breaker, what = (board, "Uploads") if uploading else (vod.channel, f"Downloads of {vod.channel}")
    if breaker.circuit_state == Circuit.CLOSED:
        return ""
    return f"{what} wait after {breaker.circuit_failures} failures in a row; one VOD is tried first."


def _has_partial(vod: Vod) -> bool:
    if vod.redo == Redo.VERIFY or vod.state in {State.DOWNLOADED, State.UPLOADING}:
        return False
    return vod.state == State.DOWNLOADING or (vod.bytes_done > 0 and vod.step == Step.DOWNLOAD)

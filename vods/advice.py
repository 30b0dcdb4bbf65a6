"""What a VOD's state and error mean for a person, and the one button that helps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from vods.models import State, Vod
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
    """A button: the name of its address, its words, and whether it is the one that helps most."""

    name: str
    label: str
    primary: bool = False


REQUEUE = Action("vod-requeue", "Requeue", primary=True)
ACCEPT_GAP = Action("vod-accept-gap", "Accept the gap", primary=True)
QUEUE = Action("vod-requeue", "Queue it", primary=True)
RETRY_NOW = Action("vod-requeue", "Try now")
CANCEL = Action("vod-cancel", "Cancel")
AGAIN = Action("vod-requeue", "Download again")

ACTIONS = {
    State.QUEUED: (CANCEL,),
    State.DOWNLOADING: (CANCEL,),
    State.DOWNLOADED: (CANCEL,),
    State.UPLOADING: (CANCEL,),
    State.DONE: (AGAIN,),
    State.FAILED: (RETRY_NOW, CANCEL),
    State.NEEDS_ATTENTION: (REQUEUE,),
    State.SKIPPED: (RETRY_NOW,),
    State.CANCELED: (REQUEUE,),
    State.IGNORED: (QUEUE,),
}


def sentence(vod: Vod, now: datetime) -> str:
    """What its state means, in one sentence."""
    if vod.cancel_requested_at and vod.state in {State.DOWNLOADING, State.UPLOADING}:
        return "Is being canceled: the worker stops at its next look, within seconds."
    if vod.live and vod.state == State.QUEUED:
        return "The broadcast is still running. It is downloaded when it has ended."
    if vod.state == State.DONE:
        return "Archived, and published on YouTube." if vod.youtube_id else "Archived."
    if vod.state == State.FAILED and not vod.waits(now):
        return "Something went wrong that may pass. It is tried again in the next minute."
    return SENTENCES[State(vod.state)]


def actions(vod: Vod) -> tuple[Action, ...]:
    """The buttons that make sense now, the one that helps first."""
    if vod.cancel_requested_at and vod.state in {State.DOWNLOADING, State.UPLOADING}:
        return ()
    if vod.state == State.NEEDS_ATTENTION and vod.error_kind == ErrorKind.MISSING_SEGMENT:
        return (ACCEPT_GAP, RETRY_NOW)
    return ACTIONS[State(vod.state)]

"""What the dead left behind, and what is to be done about each: facts in, a plan out. Nothing is read or changed.

Two rules stand over all others. What cannot be named is never removed: an unknown file is listed and left alone. And
nothing is concluded from what cannot be seen: a folder that is not there says nothing about its files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from vods.models import WORKING, State, Step

DAY = 86_400.0
HOUR = 3_600.0
LISTED_MOST = 200
# Of these nobody goes on with the partial file. Of a skipped VOD it may be the only copy that there is.
OVER = frozenset({State.DONE, State.DOWNLOADED, State.CANCELED})
# In these a file is to be there when the row names one. In the others it is made, or made anew.
WITH_FILE = frozenset({State.DONE, State.DOWNLOADED, State.NEEDS_ATTENTION, State.CANCELED})


class Do(StrEnum):
    """What is done about an orphan."""

    GIVE_BACK = "give back"
    CLOSE = "close"
    FORGET = "forget"
    DROP = "drop"
    END = "end"
    REMOVE = "remove"
    MARK = "mark as missing"
    UNMARK = "mark as found"
    LOOK = "look yourself"


@dataclass(frozen=True)
class Item:
    """One line of the plan. `key` names the row, folder, task or process for who carries it out."""

    do: Do
    kind: str
    what: str
    why: str
    key: int | str = 0
    seen: object = None  # what must still be so when it is done


@dataclass(frozen=True)
class Held:
    """A VOD in a working state. `over`: seconds since its lease ran out, None while it holds."""

    pk: int
    twitch_id: str
    state: State
    generation: int
    owner_dead: bool
    over: float | None


@dataclass(frozen=True)
class Running:
    """An attempt without an end, with what its VOD's row says."""

    pk: int
    twitch_id: str
    step: str
    generation: int
    vod_generation: int
    vod_state: State


@dataclass(frozen=True)
class Session:
    """An upload session that a row keeps."""

    pk: int
    twitch_id: str
    state: State
    on_youtube: bool
    redo: bool


@dataclass(frozen=True)
class Taken:
    """A media task that a host took and did not begin. `seconds`: since when. `leases`: what that host works on now."""

    pk: int
    host: str
    seconds: float
    leases: int


@dataclass(frozen=True)
class Child:
    """A process that writes into a work folder. `orphan`: its parent is gone."""

    pid: int
    started: float
    twitch_id: str
    orphan: bool
    locked: bool


@dataclass(frozen=True)
class WorkFolder:
    """A folder of MEDIA_DIR/.work. `state` is None when no row knows the VOD; `idle`: seconds since the last write."""

    twitch_id: str
    size: int
    idle: float
    locked: bool
    state: State | None
    keep_partial: bool = False
    file_there: bool = True


@dataclass(frozen=True)
class FileRow:
    """A row that names a file of this host. `folder_there`: whether the file's folder can be looked into."""

    pk: int
    twitch_id: str
    state: State
    step: str
    path: str
    there: bool
    folder_there: bool
    marked: bool


@dataclass(frozen=True)
class Facts:
    """All that is known. `trouble` says why MEDIA_DIR cannot be judged; the files' lists are then not looked at."""

    held: tuple[Held, ...] = ()
    running: tuple[Running, ...] = ()
    sessions: tuple[Session, ...] = ()
    taken: tuple[Taken, ...] = ()
    children: tuple[Child, ...] = ()
    trouble: str = ""
    knows_vods: bool = True
    folders: tuple[WorkFolder, ...] = ()
    files: tuple[FileRow, ...] = ()
    unknown: tuple[str, ...] = ()
    lease_seconds: float = field(default=120.0)


def plan(facts: Facts) -> list[Item]:
    """What to do, in the order in which it is done: rows first, so that files are judged by rows that are right."""
    items = [*_held(facts), *_running(facts), *_sessions(facts), *_taken(facts), *_children(facts)]
    if facts.trouble:
        return [*items, Item(Do.LOOK, "folder", "MEDIA_DIR", f"{facts.trouble} Nothing is concluded about files.")]
    return [*items, *_folders(facts), *_files(facts), *_unknown(facts)]


def _held(facts: Facts) -> Iterator[Item]:
    """A lease that ran out is left to the next claim for as long as a lease lasts: usually that is quicker."""
    for vod in facts.held:
        if vod.owner_dead:
            why = "its process on this machine is gone"
        elif vod.over is not None and vod.over > facts.lease_seconds:
            why = "its lease ran out and nobody took it over"
        else:
            continue
        yield Item(Do.GIVE_BACK, "lease", f"VOD {vod.twitch_id} ({vod.state})", why, vod.pk, vod.generation)


def _running(facts: Facts) -> Iterator[Item]:
    for attempt in facts.running:
        if attempt.vod_state in WORKING and attempt.vod_generation == attempt.generation:
            continue
        what = f"{attempt.step} of VOD {attempt.twitch_id}"
        yield Item(Do.CLOSE, "attempt", what, "it has no end, and nobody works on it", attempt.pk)


def _sessions(facts: Facts) -> Iterator[Item]:
    """Only of what is finished: any other may still be gone on with, or names the video that it made."""
    for session in facts.sessions:
        if session.state == State.DONE and session.on_youtube and not session.redo:
            what = f"of VOD {session.twitch_id}"
            yield Item(Do.FORGET, "upload session", what, "its video is on YouTube", session.pk)


def _taken(facts: Facts) -> Iterator[Item]:
    """A host that lives and has not begun a task for an hour is busy, so it holds leases.

    Dropping a task loses nothing: the dispatch pass makes new ones, and the lease decides what is worked on.
    """
    for task in facts.taken:
        if task.seconds > HOUR and not task.leases:
            why = f"{task.host} took it {_long(task.seconds)} ago, did not begin it and works on nothing"
            yield Item(Do.DROP, "task", f"media task {task.pk}", why, task.pk)


def _children(facts: Facts) -> Iterator[Item]:
    for child in facts.children:
        if child.orphan and not child.locked:
            what, why = f"ffmpeg {child.pid} of VOD {child.twitch_id}", "the process that started it is gone"
            yield Item(Do.END, "child", what, why, child.pid, child.started)


def _folders(facts: Facts) -> Iterator[Item]:
    for folder in facts.folders:
        why = _why_over(folder, facts.knows_vods)
        if why and not folder.locked and folder.idle > DAY:
            what = f".work/{folder.twitch_id} ({folder.size} bytes)"
            why = f"{why}; untouched for {_long(folder.idle)}"
            yield Item(Do.REMOVE, "partial file", what, why, folder.twitch_id, folder.state)


def _why_over(folder: WorkFolder, knows_vods: bool) -> str:
    """Why nobody goes on with the folder; empty when somebody may. An empty database knows nothing about folders."""
    if folder.state is None:
        return "no VOD of that id is known" if knows_vods else ""
    if folder.state not in OVER or (folder.state == State.CANCELED and folder.keep_partial):
        return ""
    if folder.state != State.CANCELED and not folder.file_there:
        return ""  # its file is missing: what is left of the download may be all that there is
    return f"the VOD is {folder.state}"


def expects_file(state: str, step: str) -> bool:
    """Whether a row in this state that names a file should have it."""
    return state in WITH_FILE or (state == State.FAILED and step == Step.UPLOAD)


def _files(facts: Facts) -> Iterator[Item]:
    hidden: dict[str, int] = {}
    for row in facts.files:
        if row.there:
            if row.marked:
                yield Item(Do.UNMARK, "row", f"VOD {row.twitch_id}: {row.path}", "its file is back", row.pk, row.path)
        elif not row.folder_there:
            folder = row.path.rpartition("/")[0]
            hidden[folder] = hidden.get(folder, 0) + 1
        elif not row.marked and expects_file(row.state, row.step):
            yield Item(Do.MARK, "row", f"VOD {row.twitch_id}: {row.path}", "its file is missing", row.pk, row.path)
    for folder, count in sorted(hidden.items()):
        why = f"it is not there, with {count} file{'' if count == 1 else 's'}. Is it mounted? Nothing is concluded"
        yield Item(Do.LOOK, "folder", folder or "MEDIA_DIR", why)


def _unknown(facts: Facts) -> Iterator[Item]:
    for path in sorted(facts.unknown)[:LISTED_MOST]:
        yield Item(Do.LOOK, "file", path, "no VOD has this file; it is left alone")
    if (more := len(facts.unknown) - LISTED_MOST) > 0:
        yield Item(Do.LOOK, "file", f"{more} more", "no VOD has these files; they are left alone")


def _long(seconds: float) -> str:
    return f"{seconds / DAY:.1f} days" if seconds >= 2 * DAY else f"{seconds / HOUR:.1f} hours"

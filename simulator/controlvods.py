"""The control endpoint's part about VODs: new ones, what goes wrong with them, and how their playlists change."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aiohttp import web

from . import DEMO_CHANNEL
from .catalogue import SEGMENT_SECONDS, Chapter, Vod
from .documents import utcnow
from .faults import rules_of
from .seed import CHATTING, cdn_folder
from .world import World, recipe_of

LONGEST_MEDIA = 2 * 3600
LONGEST_VOD = 7 * 24 * 3600
_RULE_FIELDS = ("latency", "rate", "reset_after", "truncate", "short", "length_off", "stall", "stall_at")
_PROPERTIES: dict[str, tuple[type, ...]] = {
    "title": (str,),
    "container": (str,),
    "inits": (int,),
    "resize": (bool,),
    "discontinuities": (bool,),
    "muted": (list,),
    "unmuted_answers": (bool,),
    "recording": (bool,),
    "endlist": (bool,),
    "sub_only": (bool,),
    "link_seconds": (int, type(None)),
    "media_seconds": (int,),
}
_FILES_OF = ("container", "inits", "resize", "media_seconds")


class VodControl:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/vods", self.vods),
            web.post("/vods", self.add),
            web.post("/vods/{vod_id}/faults", self.add_faults),
            web.delete("/vods/{vod_id}/faults", self.clear_faults),
            web.post("/vods/{vod_id}/playlist", self.change_playlist),
            web.post("/vods/{vod_id}/expire", self.expire),
        ]

    async def vods(self, request: web.Request) -> web.Response:
        """All VODs with what a product cannot see; `?channel=` narrows."""
        wanted, now = request.query.get("channel"), utcnow()
        mine = (v for v in self._world.catalogue.vods.values() if wanted in (None, v.channel))
        return web.json_response([v.to_json() | {"length": v.length(now)} for v in mine])

    async def add(self, request: web.Request) -> web.Response:
        """A new VOD: {channel, seconds, age_seconds, media, kbps, and the properties of `_PROPERTIES`}.

        `media` shares or names the files; a VOD that is longer than they are repeats them (MPEG-TS). `kbps` makes the
        source quality of a constant bit rate. With `recording` it grows by the clock, from `age_seconds` ago up to
        `seconds`. Answers when the media are made.
        """
        body, world = await request.json(), self._world
        channel, seconds = body.pop("channel", DEMO_CHANNEL), int(body.pop("seconds", 20))
        if not world.chat.exists(channel):
            raise web.HTTPNotFound(text=f"no channel {channel}")
        if not SEGMENT_SECONDS <= seconds <= LONGEST_VOD:
            raise ValueError(f"a VOD has {SEGMENT_SECONDS} to {LONGEST_VOD} seconds")
        number = world.catalogue.next_id()
        created_at = utcnow().replace(microsecond=0) - timedelta(seconds=float(body.pop("age_seconds", 0)))
        stream_id = str(41_900_000_000 + int(number) % 10_000_000)
        vod = Vod(
            id=number,
            channel=channel,
            stream_id=stream_id,
            title=f"Added VOD {number}",
            created_at=created_at,
            seconds=seconds,
            media=str(body.pop("media", f"added-{number}")),
            folder=cdn_folder(channel, stream_id, created_at),
            chapters=[Chapter(CHATTING, 0)],
        )
        kbps = body.pop("kbps", None)
        _set_properties(vod, body)
        self._plan(vod, kbps)
        await world.media.ready(vod.media_name)
        world.catalogue.add(vod)
        return web.json_response(vod.to_json())

    def _plan(self, vod: Vod, kbps: int | None) -> None:
        """Finds out how long the media are. Raises ValueError for what cannot be made."""
        if "/" in vod.media or vod.media.startswith("."):
            raise ValueError("media is a plain name")
        if vod.container not in ("ts", "fmp4") or not 1 <= vod.inits <= 99:
            raise ValueError('container is "ts" or "fmp4", with 1 to 99 inits')
        if (known := self._world.media.recipe(vod.media_name)) is not None:
            vod.media_seconds = known.seconds
        vod.media_seconds = length = vod.media_seconds or vod.seconds
        if not SEGMENT_SECONDS * vod.inits <= length <= LONGEST_MEDIA:
            raise ValueError(f"{length} s of media are not made; say media_seconds, and the VOD repeats them")
        if vod.seconds > length and (vod.container != "ts" or length % SEGMENT_SECONDS):
            raise ValueError(f"only MPEG-TS media of whole segments can be repeated, these have {length} s")
        self._world.media.plan(vod.media_name, recipe_of(vod, kbps))

    async def add_faults(self, request: web.Request) -> web.Response:
        """{deleted, sub_only, title, segments: {"3" | "*": rule}, init, gql, usher, playlist: rule, and fields of a
        rule for all segments: latency (for everything of the VOD), rate, reset_after, truncate, short, length_off,
        stall, stall_at, times, skip}. A bare number stands for {"status": number}.
        """
        vod, body = self._vod(request), await request.json()
        for name in ("deleted", "sub_only", "title"):
            if name in body:
                setattr(vod, name, body.pop(name))
                self._world.catalogue.save()
        rules = {f"segment/{index}": row for index, row in body.pop("segments", {}).items()}
        rules |= {"init/*": body.pop("init")} if "init" in body else {}
        rules |= {part: body.pop(part) for part in ("gql", "usher", "playlist") if part in body}
        general = {name: body.pop(name) for name in (*_RULE_FIELDS, "times", "skip") if name in body}
        if body:
            raise ValueError(f"unknown field {', '.join(body)}")
        made = [(f"vod/{vod.id}/{part}", rule) for part, row in rules.items() for rule in rules_of(row)]
        if general:
            # Bytes that are cut or slowed are media; a delay is for everything about the VOD.
            everything = set(general) <= {"latency", "times", "skip"}
            made += [(f"vod/{vod.id}" if everything else f"vod/{vod.id}/segment/*", r) for r in rules_of(general)]
        for target, rule in made:
            self._world.faults.add(target, rule)
        return web.json_response(vod.to_json())

    async def clear_faults(self, request: web.Request) -> web.Response:
        self._world.faults.clear(f"vod/{request.match_info['vod_id']}")
        return web.json_response({})

    async def change_playlist(self, request: web.Request) -> web.Response:
        """{drop: [numbers], rename: {"3": "other.ts"}, folder: true, append: segments, muted: [numbers],
        unmuted_answers, endlist, recording, link_seconds}: what a product finds at its next try.

        `recording: false` ends the broadcast with what has been recorded; `folder` moves the VOD at the CDN.
        """
        vod, body = self._vod(request), await request.json()
        changed = Vod.from_json(vod.to_json())
        now = utcnow()
        if body.get("recording") is False and vod.recording:
            changed.seconds = max(SEGMENT_SECONDS, vod.length(now))
        changed.dropped = sorted({*changed.dropped, *map(int, body.pop("drop", []))})
        renamed = {str(int(number)): str(name) for number, name in body.pop("rename", {}).items()}
        if any(not name or set(name) & set('/?#"\r\n') for name in renamed.values()):
            raise ValueError("a segment's name is a plain file name")
        changed.renamed |= renamed
        if body.pop("folder", False):
            moved = int(changed.folder.rpartition("_")[2]) + 1
            changed.folder = f"{changed.folder.rpartition('_')[0]}_{moved}"
        changed.seconds += SEGMENT_SECONDS * int(body.pop("append", 0))
        if changed.seconds > (changed.media_seconds or vod.seconds) and changed.container != "ts":
            raise ValueError("fMP4 media cannot be repeated; make the VOD with longer media_seconds and append then")
        if unfit := set(body) & {*_FILES_OF, "title"}:
            raise ValueError(f"{', '.join(sorted(unfit))} cannot change")
        _set_properties(changed, body)
        self._world.catalogue.add(changed)
        return web.json_response(changed.to_json() | {"length": changed.length(now)})

    async def expire(self, request: web.Request) -> web.Response:
        """Ends all playback tokens and CDN links of the VOD; new ones, asked for by gql and usher, are good."""
        vod = self._vod(request)
        self._world.catalogue.expire_links(vod)
        return web.json_response(vod.to_json())

    def _vod(self, request: web.Request) -> Vod:
        vod = self._world.catalogue.vods.get(request.match_info["vod_id"])
        if vod is None:
            raise web.HTTPNotFound(text="no such vod")
        return vod


def _set_properties(vod: Vod, body: dict[str, Any]) -> None:
    """Raises ValueError for a field that is none, or a value of another kind."""
    for name, value in body.items():
        if name not in _PROPERTIES:
            raise ValueError(f"unknown field {name}; known: {', '.join(sorted(_PROPERTIES))}")
        kinds = _PROPERTIES[name]
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not fits:
            raise ValueError(f"{name} cannot be {value!r}")
        setattr(vod, name, sorted(map(int, value)) if name == "muted" else value)

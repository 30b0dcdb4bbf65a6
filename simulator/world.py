"""Everything that the simulator knows, in one place for its sites."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import DEMO_CHANNEL, GOOGLE_CLIENT_ID, GOOGLE_CLIENT_SECRET, TWITCH_CLIENT_ID, seed
from .broadcasts import Broadcasts
from .catalogue import Catalogue, Vod
from .chatlog import ChatRooms
from .documents import read_json, utcnow, write_json
from .faults import FaultBook
from .helixbucket import Buckets
from .media import MediaRoom
from .recipes import Recipe
from .requestlog import RequestLog
from .tokens import TWITCH_USER_SECONDS, TokenBook
from .videos import VideoStore

YOUTUBE_SCOPES = ["https://www.googleapis.com/auth/youtube.upload", "https://www.googleapis.com/auth/youtube.readonly"]
TWITCH_SCOPES = ["chat:read", "user:read:email"]


@dataclass
class World:
    state_dir: Path
    catalogue: Catalogue
    faults: FaultBook
    tokens: TokenBook
    media: MediaRoom
    chat: ChatRooms
    broadcasts: Broadcasts
    videos: VideoStore
    log: RequestLog
    buckets: Buckets


def open_world(state_dir: Path, media_dir: Path, *, broadcast_seconds: float, pause_seconds: float) -> World:
    """Reads the state folder, or fills an empty one. `broadcast_seconds` 0 means: no broadcast at the first start."""
    state_dir.mkdir(parents=True, exist_ok=True)
    faults = FaultBook(state_dir / "faults.json")
    catalogue = Catalogue(state_dir / "catalogue.json")
    if not catalogue.load():
        faults.clear()
        seed.fill(catalogue, faults, utcnow())
    media = MediaRoom(media_dir)
    for vod in catalogue.vods.values():
        media.plan(vod.media_name, recipe_of(vod))
    chat = ChatRooms(state_dir / "chat", catalogue)
    broadcasts = Broadcasts(state_dir / "broadcasts.json", catalogue, media, broadcast_seconds, pause_seconds)
    tokens = TokenBook(state_dir / "tokens.json")
    write_token_files(state_dir, tokens)
    log = RequestLog(state_dir / "requests.log")
    videos = VideoStore(state_dir / "youtube")
    return World(state_dir, catalogue, faults, tokens, media, chat, broadcasts, videos, log, Buckets())


def recipe_of(vod: Vod, kbps: int | None = None) -> Recipe:
    """How the VOD's media are made."""
    seconds = vod.media_seconds or vod.seconds
    return Recipe(seconds, kbps, container=vod.container, inits=vod.inits, resize=vod.resize)


def write_token_files(state_dir: Path, tokens: TokenBook, *, anew: str = "") -> None:
    """Two files an operator could import, once: Google's authorized-user format and a Twitch token response.

    That of the provider `anew` is written again, with a new grant.
    """
    youtube, twitch = state_dir / "youtube-token.json", state_dir / "twitch-token.json"
    if anew == "google" or read_json(youtube) is None:
        refresh = tokens.new_refresh("google", GOOGLE_CLIENT_ID, DEMO_CHANNEL, YOUTUBE_SCOPES)
        write_json(
            youtube,
            {
                "type": "authorized_user",
                "client_id": GOOGLE_CLIENT_ID,
                "client_secret": GOOGLE_CLIENT_SECRET,
                "refresh_token": refresh,
                "token_uri": "https://oauth2.googleapis.com/token",
                "scopes": YOUTUBE_SCOPES,
            },
        )
    if anew == "twitch" or read_json(twitch) is None:
        write_json(twitch, twitch_user_tokens(tokens, DEMO_CHANNEL))


def twitch_user_tokens(tokens: TokenBook, login: str) -> dict[str, object]:
    """A Twitch token response for a user, with both tokens new."""

    return {
        "access_token": tokens.new_access("twitch", TWITCH_CLIENT_ID, TWITCH_USER_SECONDS, login, TWITCH_SCOPES),
        "expires_in": TWITCH_USER_SECONDS,
        "refresh_token": tokens.new_refresh("twitch", TWITCH_CLIENT_ID, login, TWITCH_SCOPES),
        "scope": TWITCH_SCOPES,
        "token_type": "bearer",
    }

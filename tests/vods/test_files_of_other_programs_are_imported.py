"""Videos of yt-dlp and TwitchDownloader become VODs with a file, without a copy; what cannot is said, and why."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import cast
from vods import importing
from vods.ffmpeg import ffmpeg_path
from vods.filenames import NotKnown, id_in_name
from vods.importing import IMPORTED, KNOWN, REFUSED
from vods.models import Channel, State, Vod
from vods.worklock import work_lock

SECONDS = 3


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("video") / "a.mp4"
    command = [ffmpeg_path(), "-v", "error", "-f", "lavfi", "-i", f"testsrc=size=64x36:rate=25:duration={SECONDS}"]
    subprocess.run([*command, "-c:v", "libx264", "-preset", "ultrafast", str(path)], check=True)
    return path.read_bytes()


@pytest.fixture
def old(settings: Any, tmp_path: Path) -> Path:
    """A folder of another program, beside MEDIA_DIR."""
    settings.MEDIA_DIR = tmp_path / "media"
    (tmp_path / "old").mkdir()
    return tmp_path / "old"


def outcomes(folder: Path, **how: bool) -> dict[str, tuple[str, str]]:
    """Outcome and note by the file's name."""
    found = importing.import_folder(folder, cast.pia(), **how)
    return {one.path.name: (one.outcome, one.note) for one in found}


@pytest.mark.parametrize(
    ("stem", "twitch_id"),
    [
        ("An evening [v2600000450]", "2600000450"),
        ("An evening-v2600000450", "2600000450"),
        ("An evening v87654321", "87654321"),
        ("2600000450", "2600000450"),
        ("v2600000450", "2600000450"),
        ("[11-1-26] Pia - An evening (2600000450)", "2600000450"),
        ("2600000450_20261101_An evening", "2600000450"),
        ("part 1 of 2 [v2600000450]", "2600000450"),
        ("1234567890 subs!-v2600000450", "2600000450"),
    ],
)
def test_the_id_is_in_the_name(stem: str, twitch_id: str) -> None:
    assert id_in_name(stem) == twitch_id


@pytest.mark.parametrize(
    "stem",
    [
        "",
        "An evening",
        "An evening (20261101)",
        "20261101",
        "1234567890 and 2600000450",
        "[11-1-26] Pia - the 1234567890 run",
        "x2600000450y",
        "v12",
    ],
)
def test_a_name_that_could_mean_anything_is_not_guessed_at(stem: str) -> None:
    with pytest.raises(NotKnown):
        id_in_name(stem)


@pytest.mark.django_db
def test_a_file_of_ytdlp_becomes_a_vod_without_a_copy(old: Path, video: bytes, settings: Any) -> None:
    path = old / "Whatever.mp4"
    path.write_bytes(video)
    chapters = [{"start_time": 0, "end_time": 2.0, "title": "Chess"}, {"start_time": 2.0, "title": "Go"}]
    facts = {"id": "v2600000450", "extractor_key": "TwitchVod", "title": "An evening\x00", "uploader_id": "pia"}
    facts |= {"timestamp": 1793563200, "duration": SECONDS, "chapters": chapters}
    path.with_suffix(".info.json").write_text(json.dumps(facts))
    assert outcomes(old) == {"Whatever.mp4": (IMPORTED, "")}
    vod = Vod.objects.get(twitch_id="2600000450")
    assert (vod.state, vod.skip_upload, vod.title, vod.duration) == (State.DONE, True, "An evening", SECONDS)
    assert vod.started_at == datetime.fromtimestamp(1793563200, UTC)
    assert [(chapter.title, chapter.start, chapter.end) for chapter in vod.chapters.all()] == [
        ("Chess", 0.0, 2.0),
        ("Go", 2.0, None),
    ]
    assert vod.file_path == "pia/2600000450.mp4"
    assert (settings.MEDIA_DIR / vod.file_path).samefile(path)
    assert not (settings.MEDIA_DIR / ".work" / "2600000450").exists()
    call_command("verify", "2600000450")
    assert outcomes(old) == {"Whatever.mp4": (KNOWN, "it has a file already")}


@pytest.mark.django_db
def test_a_chat_file_of_twitchdownloader_tells_which_vod_it_is(old: Path, video: bytes) -> None:
    (old / "[11-1-26] Pia - An evening.mp4").write_bytes(video)
    facts = {"streamer": {"name": "Pia", "login": "pia", "id": 1}, "comments": []}
    facts["video"] = {"id": "2600000451", "title": "An evening", "created_at": "2026-11-01T20:00:00Z", "length": 3}
    (old / "[11-1-26] Pia - An evening_chat.json").write_text(json.dumps(facts))
    assert set(outcomes(old).values()) == {(IMPORTED, "")}
    vod = Vod.objects.get(twitch_id="2600000451")
    assert (vod.title, vod.started_at) == ("An evening", datetime(2026, 11, 1, 20, tzinfo=UTC))


@pytest.mark.django_db
def test_twitchdownloaders_name_of_date_and_title_finds_the_one_vod_that_it_means(old: Path, video: bytes) -> None:
    start = datetime(2026, 11, 2, 0, 30, tzinfo=UTC)  # still the 1st where the other program ran
    wanted = cast.vod(State.IGNORED, title='An "evening": chess?', started_at=start, duration=SECONDS)
    cast.vod(State.IGNORED, title=wanted.title, started_at=start.replace(day=5))
    for day in (12, 13):
        cast.vod(State.IGNORED, title="Twice", started_at=start.replace(day=day))
    (old / "[11-1-26] Pia - An _evening__ chess_.mp4").write_bytes(video)
    (old / "[11-12-26] Pia - Twice.mp4").write_bytes(video)
    (old / "[13-12-26] Pia - An evening chess.mp4").write_bytes(video)
    assert [outcome for outcome, _ in outcomes(old).values()] == [IMPORTED, REFUSED, REFUSED]
    assert list(Vod.objects.filter(state=State.DONE)) == [wanted]


@pytest.mark.django_db
@pytest.mark.parametrize("state", [State.IGNORED, State.QUEUED, State.FAILED, State.NEEDS_ATTENTION, State.SKIPPED])
def test_a_known_vod_without_a_file_gets_it_and_keeps_what_twitch_said(old: Path, video: bytes, state: State) -> None:
    known = cast.vod(state, twitch_id="2600000450", duration=SECONDS, error="no", attempts=2)
    path = old / "x-v2600000450.mp4"
    path.write_bytes(video)
    assert outcomes(old, move_files=True) == {path.name: (IMPORTED, "tied to the known VOD")}
    assert not path.exists()
    vod = Vod.objects.get(pk=known.pk)
    assert (vod.state, vod.error, vod.attempts, vod.title) == (State.DONE, "", 0, known.title)
    assert vod.started_at == known.started_at


@pytest.mark.django_db
def test_a_dry_run_changes_nothing(old: Path, video: bytes, settings: Any) -> None:
    for name in ("a [v2600000450].mp4", "b [v2600000450].mp4"):
        (old / name).write_bytes(video)
    os.utime(old / "a [v2600000450].mp4", (1793563203, 1793563203))
    found = outcomes(old, dry=True)
    assert found["a [v2600000450].mp4"] == (IMPORTED, "its start is a guess from the file's date: 2026-11-01")
    assert found["b [v2600000450].mp4"] == (KNOWN, "another file of it comes before this one")
    assert not Vod.objects.exists()
    assert not settings.MEDIA_DIR.exists() or not any(settings.MEDIA_DIR.iterdir())


@pytest.mark.django_db
def test_what_cannot_be_imported_is_listed_with_its_reason(
    old: Path, video: bytes, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    other = Channel.objects.create(login="ann")
    cast.vod(twitch_id="2600000461", channel=other)
    cast.vod(twitch_id="2600000462", duration=60.0)
    cast.vod(State.DOWNLOADING, twitch_id="2600000463")
    files = {
        "An evening.mp4": video,
        "cut [v2600000460].mp4": video[:-200],
        "other [v2600000461].mp4": video,
        "short [v2600000462].mp4": video,
        "busy [v2600000463].mp4": video,
        "foreign [v2600000464].mp4": video,
        "film [v2600000465].mkv": video,
        "there [v2600000466].mp4": video,
        "note.txt": b"",
    }
    for name, content in files.items():
        (old / name).write_bytes(content)
    (settings.MEDIA_DIR / "pia").mkdir(parents=True)
    (settings.MEDIA_DIR / "pia" / "2600000466.mp4").write_bytes(b"another")
    (old / "foreign [v2600000464].info.json").write_text(json.dumps({"id": "v2600000464", "uploader_id": "ann"}))
    reasons = {name: f"{outcome}: {note}" for name, (outcome, note) in outcomes(old).items()}
    assert reasons.pop("An evening.mp4").startswith("refused: its name holds no VOD id")
    assert reasons.pop("cut [v2600000460].mp4").startswith("refused: it ")
    assert reasons.pop("other [v2600000461].mp4") == "refused: VOD 2600000461 is one of ann"
    assert reasons.pop("short [v2600000462].mp4") == "refused: it ends at 0:00:03 and the VOD is 0:01:00 long"
    assert reasons.pop("busy [v2600000463].mp4") == "known: it is being downloaded just now"
    assert reasons.pop("foreign [v2600000464].mp4") == "refused: it is a video of ann, not of pia"
    assert reasons.pop("film [v2600000465].mkv").startswith("refused: it is no MP4 file")
    assert reasons.pop("there [v2600000466].mp4").startswith("refused: there is another file at")
    assert not reasons
    assert not Vod.objects.filter(state=State.DONE).exists()
    with pytest.raises(CommandError, match="8 files: 1 known, 7 refused"):
        call_command("importvods", str(old), "--channel", "pia")
    assert "it is a video of ann" in capsys.readouterr().out


@pytest.mark.django_db
def test_a_file_on_another_file_system_is_refused(video: bytes, settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_DIR = tmp_path / "media"
    shm = Path("/dev/shm")
    if not os.access(shm, os.W_OK) or shm.stat().st_dev == tmp_path.stat().st_dev:
        pytest.skip("there is no second file system to write to")
    with tempfile.TemporaryDirectory(dir=shm) as folder:
        (Path(folder) / "x [v2600000450].mp4").write_bytes(video)
        [(outcome, note)] = outcomes(Path(folder)).values()
    assert (outcome, "another file system" in note) == (REFUSED, True)
    assert not Vod.objects.exists()


@pytest.mark.django_db
def test_a_work_folder_in_use_is_left_alone(old: Path, video: bytes, settings: Any) -> None:
    (old / "x [v2600000450].mp4").write_bytes(video)
    with work_lock(settings.MEDIA_DIR / ".work" / "2600000450"):
        [(outcome, note)] = outcomes(old).values()
    assert (outcome, "works on this VOD" in note) == (REFUSED, True)
    assert not Vod.objects.exists()
    assert not (settings.MEDIA_DIR / "pia" / "2600000450.mp4").exists()
    assert set(outcomes(old)) == {"x [v2600000450].mp4"}
    assert Vod.objects.get().state == State.DONE


@pytest.mark.django_db
def test_a_file_that_is_in_its_place_already_only_gets_a_row(old: Path, video: bytes, settings: Any) -> None:
    path = settings.MEDIA_DIR / "pia" / "2600000450.mp4"
    path.parent.mkdir(parents=True)
    path.write_bytes(video)
    assert [outcome for outcome, _ in outcomes(path.parent, move_files=True).values()] == [IMPORTED]
    assert path.read_bytes() == video
    assert Vod.objects.get().file_path == "pia/2600000450.mp4"

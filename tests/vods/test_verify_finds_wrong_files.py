"""`manage.py verify` says which files are missing or changed, and changes nothing."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests import cast
from vods.models import State, Vod
from vods.owner import host_name

pytestmark = pytest.mark.django_db
CONTENT = b"a video" * 100


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_DIR = tmp_path
    return tmp_path


def archived(media: Path, number: int, **fields: Any) -> Vod:
    path = media / "pia" / f"{number}.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(CONTENT)
    facts = {"file_size": len(CONTENT), "file_sha256": hashlib.sha256(CONTENT).hexdigest(), "file_host": host_name()}
    return cast.vod(State.DONE, twitch_id=str(number), file_path=f"pia/{number}.mp4", **{**facts, **fields})


def verify(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[dict[str, str], str]:
    """The findings by VOD (or by file when there is none), and what it said in the end."""
    said, code = "", 1
    try:
        call_command("verify", *words)
    except CommandError as error:
        said, code = str(error), error.returncode
    assert code == 1
    out = capsys.readouterr().out
    rows = [line.split("  ") for line in out.splitlines() if line and not line.startswith(("VOD", "Nothing"))]
    cells = [[cell.strip() for cell in row if cell.strip()] for row in rows]
    return {row[0] if row[0] != "-" else row[3]: row[1] for row in cells}, said or out


def test_a_whole_archive_is_right(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archived(media, 1)
    archived(media, 2, file_sha256="")
    cast.vod(State.QUEUED)
    assert verify(capsys) == ({}, "Nothing is wrong: 1 right, 1 right size, no checksum.\n")


def test_a_missing_a_truncated_and_a_changed_file_are_found(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number in (1, 2, 3, 4):
        archived(media, number)
    (media / "pia" / "2.mp4").unlink()
    (media / "pia" / "3.mp4").write_bytes(CONTENT[:-1])
    (media / "pia" / "4.mp4").write_bytes(CONTENT[:-1] + b"!")
    before = sorted((path, path.read_bytes()) for path in media.rglob("*.mp4")), list(Vod.objects.values())
    findings, said = verify(capsys)
    assert findings == {"2": "missing", "3": "wrong size", "4": "changed"}
    assert said == "3 of 4 are wrong: 1 changed, 1 missing, 1 right, 1 wrong size."
    assert verify(capsys, "--quick")[0] == {"2": "missing", "3": "wrong size"}
    assert verify(capsys, "1", "4")[0] == {"1": "right", "4": "changed"}
    assert (sorted((path, path.read_bytes()) for path in media.rglob("*.mp4")), list(Vod.objects.values())) == before


def test_a_file_that_no_vod_has_is_found(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archived(media, 1)
    (media / ".work" / "5").mkdir(parents=True)
    (media / ".work" / "5" / "5.part").write_bytes(b"part")
    cast.vod(State.DOWNLOADING, twitch_id="6")
    (media / "pia" / "\udcff\n.mp4").write_bytes(CONTENT)
    for number in (6, 7):  # 6 was just renamed, its row follows
        (media / "pia" / f"{number}.mp4").write_bytes(CONTENT)
    assert verify(capsys)[0] == dict.fromkeys(("pia/7.mp4", r"pia/\udcff\n.mp4"), "no VOD has it")
    assert verify(capsys, "1")[1].endswith("Nothing is wrong: 1 right.\n")


def test_a_file_of_another_host_is_checked_when_it_is_here(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    archived(media, 1, file_host="other")
    archived(media, 2, file_host="other")
    (media / "pia" / "1.mp4").unlink()
    assert verify(capsys) == ({}, "Nothing is wrong: 1 on another host, 1 right.\n")
    (media / "pia" / "2.mp4").write_bytes(CONTENT[:-1] + b"!")
    assert verify(capsys)[0] == {"2": "changed"}


def test_a_media_folder_that_is_not_there_is_said_at_once(
    media: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    archived(media, 1)
    settings.MEDIA_DIR = media / "not mounted"
    assert "Is its disk mounted?" in verify(capsys)[1]


def test_a_vod_without_a_file_is_no_success(media: Path, capsys: pytest.CaptureFixture[str]) -> None:
    vod = cast.vod(State.QUEUED)
    assert "There is no file" in verify(capsys, vod.twitch_id)[1]

"""A backup that is taken while everything is written restores elsewhere: every VOD, message and token can be used."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now

from tests.chat.ircserver import IrcServer, serving, until
from tests.chat.process import ROOT, Installation
from vods.models import Attempt, State, Vod
from vods.owner import this_process

REFRESH_TOKEN = (
    "from oauth.models import Token; from oauth.crypto import unseal; print(unseal(Token.objects.get().refresh_token))"
)
# A row of each of two tables in one transaction, over and over: never one without the other.
PAIRS = """
import time
from django.db import transaction
from vods.models import Channel
from vods.models import Chapter, Vod
vod = Vod.objects.get(twitch_id="2300000000")
number = 0
while True:
    with transaction.atomic():
        Channel.objects.create(login=f"c{number}", record_chat=False)
        Chapter.objects.create(vod=vod, title="t", start=number)
    number += 1
    time.sleep(0.01)
    if number == 20: print("under way", flush=True)
"""


@pytest.fixture
def server() -> Iterator[IrcServer]:
    with serving() as server:
        yield server


@pytest.fixture
def writer(product: Installation) -> Iterator[None]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "shell", "-v0", "-c", PAIRS],
        cwd=ROOT,
        env=product.environment,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "under way\n"
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def in_the_journal(one: Installation) -> set[str]:
    text = b"".join(path.read_bytes() for path in (one.folder / "chat" / "journal").glob("*.log"))
    return {found.decode() for found in re.findall(rb"@id=(\S+?);[^\n]*\n", text)}


def stored(one: Installation) -> tuple[int, int]:
    [(channels,)] = one.query("SELECT count(*) FROM vods_channel WHERE login <> 'pia'")
    [(chapters,)] = one.query("SELECT count(*) FROM vods_chapter")
    return channels, chapters


@pytest.mark.usefixtures("writer")
def test_restored_elsewhere_nothing_is_missing(
    product: Installation, elsewhere: Installation, server: IrcServer, tmp_path: Path
) -> None:
    for one in (product, elsewhere):
        one.environment["TWITCH_IRC_URL"] = f"irc://127.0.0.1:{server.port}"
    [(channel,)] = product.query("SELECT id FROM vods_channel WHERE login = 'pia'")
    product.add_running_recording(channel)
    facts = {"channel_id": channel, "started_at": now(), "lease_generation": 7}
    held = {"state": State.DOWNLOADING, "lease_owner": str(this_process()), "lease_until": now() + timedelta(hours=1)}
    vod = product.insert(Vod(twitch_id="2300000001", **facts, **held))
    product.insert(Attempt(vod_id=vod, step="download", generation=7, started_at=now()))
    over = threading.Event()

    def flood() -> None:
        while not over.wait(0.1):
            server.say("pia", 20)

    talker = threading.Thread(target=flood)
    talker.start()
    try:
        with product.recorder():
            until(lambda: len(product.message_ids()) > 100, "chat is being stored")
            known = in_the_journal(product) | set(product.message_ids())
            folder = Path(product.manage("backup", str(tmp_path / "backups"), "--with-media").strip())
            later = set(product.message_ids())
    finally:
        over.set()
        talker.join()

    said = elsewhere.manage("restore", str(folder))
    assert "does not fit" not in said
    pairs = stored(elsewhere)
    assert pairs[0] == pairs[1] >= 20
    assert "Nothing is wrong: 1 right." in elsewhere.manage("verify")
    assert elsewhere.manage("shell", "-v0", "-c", REFRESH_TOKEN).strip() == "a refresh token"
    # Its owner is a process of the original, and lives: nobody here may take it for theirs.
    row = elsewhere.query("SELECT state, lease_owner, lease_generation FROM vods_vod WHERE twitch_id = '2300000001'")
    assert row == [("queued", "", 8)]
    assert elsewhere.query("SELECT outcome FROM vods_attempt") == [("lost",)]
    with elsewhere.recorder():
        until(lambda: known <= set(elsewhere.message_ids()), "the journal is carried over")
    restored = elsewhere.message_ids()
    assert len(restored) == len(set(restored))
    assert len(known) > 100
    assert later  # the recorder went on meanwhile
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["rows"]["vods_channel"] == pairs[0] + 1

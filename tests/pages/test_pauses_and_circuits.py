"""What holds work back is said on the start page, and let go on by a button."""

from __future__ import annotations

from datetime import datetime, timedelta

import page_cast
import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import User
from django.test import Client
from django.utils.timezone import now
from pytest_django import DjangoAssertNumQueries, Settings

from vods.models import Channel, Circuit, Redo, State, Switchboard, Vod
from vods.ytdlp_age import release_of

ADDRESSES = (
    "/switches/everything/pause/",
    "/switches/everything/resume/",
    "/switches/uploads/pause/",
    "/switches/uploads/resume/",
    "/switches/uploads/reset-circuit/",
    "/channels/harbourlights/pause/",
    "/channels/harbourlights/resume/",
    "/channels/harbourlights/reset-circuit/",
)


@pytest.fixture
def uploads(settings: Settings) -> None:
    settings.YOUTUBE_UPLOAD_ENABLED = True
    settings.YOUTUBE_UPLOAD_OWNERSHIP = "self"


def broken(channel: Channel, at: datetime, state: str = Circuit.OPEN) -> None:
    channel.circuit_state, channel.circuit_failures = state, 5
    channel.circuit_open_until = at + timedelta(minutes=4, seconds=5)
    channel.save()


def everything_held(at: datetime) -> None:
    page_cast.fill(at, 16)
    for channel in Channel.objects.all():
        broken(channel, at)
    Channel.objects.update(paused=True)
    Switchboard.objects.create(pk=1, paused=True, uploads_paused=True, circuit_state=Circuit.OPEN, circuit_failures=7)


@pytest.mark.parametrize("address", ADDRESSES)
def test_get_is_refused(operator: Client, address: str) -> None:
    page_cast.channels(now())
    assert operator.get(address).status_code == 405


@pytest.mark.parametrize("address", ADDRESSES)
def test_people_without_the_permission_are_refused(reader: Client, address: str) -> None:
    everything_held(now())
    assert reader.post(address).status_code == 403
    assert address not in reader.get("/").content.decode()
    assert Switchboard.read().paused
    assert Channel.objects.filter(paused=True, circuit_state=Circuit.OPEN).count() == 2


@pytest.mark.parametrize("address", ADDRESSES)
def test_a_post_without_the_token_is_refused(db: None, address: str) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(User.objects.create_superuser("operator"))
    page_cast.channels(now())
    assert client.post(address).status_code == 403


@pytest.mark.parametrize("address", ["/switches/nothing/pause/", "/channels/nobody/pause/", "/channels/x/resume/"])
def test_what_is_not_there_cannot_be_switched(operator: Client, address: str) -> None:
    assert operator.post(address).status_code == 404


@pytest.mark.parametrize(
    ("name", "said"), [("everything", "Everything is paused."), ("uploads", "Uploads are paused.")]
)
def test_everything_or_the_uploads_are_paused_and_resumed(
    operator: Client, uploads: None, name: str, said: str
) -> None:
    page_cast.fill(now(), 16)
    assert f'formaction="/switches/{name}/pause/"' in operator.get("/").content.decode()
    operator.post(f"/switches/{name}/pause/")
    board = Switchboard.read()
    assert (board.paused, board.uploads_paused) == (name == "everything", name == "uploads")
    text = operator.get("/").content.decode()
    assert said in text
    assert f'formaction="/switches/{name}/resume/"' in text
    assert f'formaction="/switches/{name}/pause/"' not in text
    operator.post(f"/switches/{name}/resume/")
    assert not Switchboard.objects.filter(paused=True).exists()
    assert not Switchboard.objects.filter(uploads_paused=True).exists()
    assert said not in operator.get("/").content.decode()
    assert LogEntry.objects.count() == 2


def test_a_channel_is_paused_and_resumed(operator: Client) -> None:
    page_cast.fill(now(), 16)
    operator.post("/channels/harbourlights/pause/")
    assert Channel.objects.get(paused=True).login == "harbourlights"
    text = operator.get("/now/").content.decode()
    assert "HarbourLights is paused." in text
    assert "MossAndStone is paused." not in text
    operator.post("/channels/harbourlights/resume/")
    assert not Channel.objects.filter(paused=True).exists()
    assert LogEntry.objects.count() == 2


def test_pausing_twice_changes_and_logs_nothing(operator: Client) -> None:
    page_cast.channels(now())
    for _ in range(2):
        operator.post("/channels/harbourlights/pause/")
    assert LogEntry.objects.count() == 1


def test_an_open_circuit_says_how_often_why_and_when(operator: Client) -> None:
    page_cast.fill(now(), 16)
    channel = Channel.objects.get(login="mossandstone")  # of the VOD that failed
    broken(channel, now())
    text = operator.get("/").content.decode()
    assert "Downloads of MossAndStone wait" in text
    assert "5 failures in a row" in text
    assert "in 4\u00a0min" in text
    assert "Last error: Twitch has trouble of its own (503)." in text
    assert 'formaction="/channels/mossandstone/reset-circuit/"' in text
    operator.post("/channels/mossandstone/reset-circuit/")
    channel.refresh_from_db()
    assert (channel.circuit_state, channel.circuit_failures) == (Circuit.CLOSED, 0)
    assert "failures in a row" not in operator.get("/").content.decode()


def test_a_half_open_circuit_says_that_one_vod_decides(operator: Client) -> None:
    page_cast.fill(now(), 16)
    broken(Channel.objects.get(login="mossandstone"), now(), Circuit.HALF_OPEN)
    assert "half-open: one VOD is tried now" in operator.get("/").content.decode()


def test_the_circuit_of_the_uploads_is_shown_and_reset(operator: Client, uploads: None) -> None:
    page_cast.fill(now(), 16)
    Switchboard.objects.create(pk=1, circuit_state=Circuit.OPEN, circuit_failures=7)
    text = operator.get("/").content.decode()
    assert "Uploads wait" in text
    assert "7 failures in a row" in text
    operator.post("/switches/uploads/reset-circuit/")
    assert Switchboard.read().circuit_state == Circuit.CLOSED
    assert "Uploads wait" not in operator.get("/").content.decode()


def test_a_channel_that_is_not_archived_has_no_circuit_to_speak_of(operator: Client) -> None:
    page_cast.fill(now(), 16)
    broken(Channel.objects.get(login="mossandstone"), now())
    Channel.objects.update(archive=False)
    assert "failures in a row" not in operator.get("/").content.decode()


@pytest.mark.parametrize("held", [False, True])
def test_the_start_page_reads_the_same_number_of_times_whatever_is_held(
    operator: Client, uploads: None, held: bool, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    everything_held(now()) if held else page_cast.fill(now(), 16)
    with django_assert_max_num_queries(2 + 18):
        operator.get("/")


def test_an_open_circuit_keeps_its_number_of_queries_with_many_channels(
    operator: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    page_cast.fill(now(), 16)
    open_until = now() + timedelta(minutes=1)
    Channel.objects.bulk_create(
        Channel(login=f"c{n}", circuit_state=Circuit.OPEN, circuit_failures=5, circuit_open_until=open_until)
        for n in range(30)
    )
    with django_assert_max_num_queries(2 + 17):
        operator.get("/")


@pytest.mark.parametrize(
    ("state", "switch", "said"),
    [
        (State.QUEUED, {"paused": True}, "Everything is paused: it waits"),
        (State.DOWNLOADED, {"uploads_paused": True}, "Uploads are paused: it waits"),
        (State.QUEUED, {"uploads_paused": True}, ""),
        (State.DONE, {"paused": True}, ""),
        (State.DOWNLOADED, {"circuit_state": "open", "circuit_failures": 7}, "Uploads wait after 7 failures"),
    ],
)
def test_the_page_of_a_vod_says_what_it_waits_for(
    operator: Client, state: State, switch: dict[str, object], said: str
) -> None:
    vod = page_cast.vod(page_cast.channels(now())[0], 1, state, now())
    Switchboard.objects.create(pk=1, **switch)
    text = operator.get(vod.get_absolute_url()).content.decode()
    assert (said in text) if said else ("held-line" not in text)


def test_a_vod_of_a_paused_channel_says_so(operator: Client) -> None:
    vod = page_cast.vod(page_cast.channels(now())[0], 1, State.QUEUED, now())
    Channel.objects.update(paused=True)
    assert "HarbourLights is paused: it waits" in operator.get(vod.get_absolute_url()).content.decode()


def test_a_verification_is_not_called_a_download(operator: Client) -> None:
    vod = page_cast.vod(page_cast.channels(now())[0], 1, State.DOWNLOADING, now(), redo=Redo.VERIFY)
    vod.tries.update(step="verify")
    for address in ("/", vod.get_absolute_url()):
        text = operator.get(address).content.decode()
        assert "verifying" in text
        assert f'<progress value="{vod.percent}"' not in text
    assert "<strong>verification</strong>" in text
    assert "Being downloaded" not in text
    Vod.objects.filter(pk=vod.pk).update(state=State.QUEUED)
    assert "Waits for its file to be verified." in operator.get(vod.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("version", "days", "old"),
    [
        ("2026.10.26", 28, False),
        ("2026.09.24", 60, True),
        ("2026.9.25", 59, False),
        ("2026.10.26.232815", 28, False),
        ("2026.11.24", 0, False),
        ("2026.13.40", None, False),
        ("unknown", None, False),
    ],
)
def test_the_age_of_ytdlp_is_read_from_its_version(version: str, days: int | None, old: bool) -> None:
    release = release_of(version, datetime(2026, 11, 23).date())  # noqa: DTZ001 - a date
    assert (release.version, release.days, release.old) == (version, days, old)


def test_an_old_ytdlp_is_warned_of_and_a_fresh_one_only_named(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vods.ytdlp_age.VERSION", f"{now():%Y.%m.%d}")
    text = operator.get("/").content.decode()
    assert f"yt-dlp {now():%Y.%m.%d}, 0 days old" in text
    assert "make upgrade-ytdlp" not in text
    monkeypatch.setattr("vods.ytdlp_age.VERSION", f"{now() - timedelta(days=60):%Y.%m.%d}")
    text = operator.get("/").content.decode()
    assert "yt-dlp is 60 days old." in text
    assert "make upgrade-ytdlp" in text
    assert "yt-dlp" not in Client().get("/accounts/login/").content.decode()

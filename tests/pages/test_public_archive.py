"""With PUBLIC_ARCHIVE visitors watch what is done, and see nothing else."""

from __future__ import annotations

import page_cast
import pytest
from django.test import Client
from django.utils.timezone import now
from pytest_django import Settings

from vods.models import State, Vod


@pytest.fixture
def vods(db: None, settings: Settings) -> list[Vod]:
    settings.PUBLIC_ARCHIVE = True
    return page_cast.fill(now(), 16)


def test_the_list_holds_only_what_is_done(client: Client, vods: list[Vod]) -> None:
    text = client.get("/vods/?state=failed").content.decode()
    for vod in vods:
        assert (vod.get_absolute_url() in text) == (vod.state == State.DONE)


def test_a_done_vod_is_shown_without_its_inner_life(client: Client, vods: list[Vod]) -> None:
    text = client.get(vods[7].get_absolute_url()).content.decode()
    assert vods[7].title in text
    for inner in ("harbour-1", "7f3a90c2", "Attempts", 'form="act"', "/live/"):
        assert inner not in text


@pytest.mark.parametrize("path", ["", "chat/"])
def test_other_vods_lead_to_the_login(client: Client, vods: list[Vod], path: str) -> None:
    assert client.get(vods[6].get_absolute_url() + path).status_code == 302
    assert client.get(vods[7].get_absolute_url() + path).status_code == 200


@pytest.mark.parametrize(
    "address", ["/now/", "/chat/live/", "/vods/2300000007/live/", "/vods/2300000007/attempts/1/log/"]
)
def test_what_is_not_watching_stays_closed(client: Client, vods: list[Vod], address: str) -> None:
    assert client.get(address)["Location"].startswith("/accounts/login/")


def test_the_start_page_leads_to_the_list(client: Client, vods: list[Vod]) -> None:
    assert client.get("/")["Location"] == "/vods/"

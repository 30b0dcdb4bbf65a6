from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from oauth.apptoken import AppToken
from simulator import MARATHON_CHANNEL, TWITCH_CLIENT_ID
from simulator.running import Handle
from vods.helix import CursorRefused, Helix
from vodtender.http import ErrorKind, ServiceError


@pytest.fixture
def calls() -> Counter[tuple[str, str]]:
    return Counter()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def helix(simulator: Handle, calls: Counter[tuple[str, str]], waits: list[float]) -> Iterator[Helix]:
    def count(endpoint: str, status: str) -> None:
        calls[endpoint, status] += 1

    with Helix(AppToken(), TWITCH_CLIENT_ID, count, sleep=waits.append) as service:
        yield service


def marathon(helix: Helix) -> str:
    return helix.users(logins=[MARATHON_CHANNEL])[0].id


def test_users_are_asked_for_in_hundreds(helix: Helix, calls: Counter[tuple[str, str]]) -> None:
    found = helix.users(logins=[*(f"nobody_{number}" for number in range(150)), MARATHON_CHANNEL])
    assert [user.login for user in found] == [MARATHON_CHANNEL]
    assert calls == {("users", "200"): 2}


def test_no_names_means_no_call(helix: Helix, calls: Counter[tuple[str, str]]) -> None:
    assert helix.users() == []
    assert helix.streams([]) == []
    assert not calls


def test_pages_follow_the_cursor_to_the_end(helix: Helix, calls: Counter[tuple[str, str]]) -> None:
    user, cursor, ids = marathon(helix), "", []
    while True:
        page = helix.videos(user, after=cursor)
        ids += [video.id for video in page.videos]
        cursor = page.cursor
        if not cursor:
            break
    assert len(ids) == len(set(ids)) == 250
    assert calls["videos", "200"] == 3


def test_a_cursor_that_is_not_known_is_said(helix: Helix) -> None:
    user = marathon(helix)
    with pytest.raises(CursorRefused):
        helix.videos(user, after="bm9uc2Vuc2U")


def test_videos_that_are_gone_are_not_among_those_asked_for(helix: Helix) -> None:
    known = helix.videos(marathon(helix), first=1).videos[0].id
    assert [video.id for video in helix.videos_by_id([known, "1"]).videos] == [known]
    assert helix.videos_by_id(["1"]).videos == ()


def test_a_running_broadcast_is_listed(helix: Helix) -> None:
    stream = helix.streams(["pixel_pia", MARATHON_CHANNEL])[0]
    assert stream.user_login == "pixel_pia"
    assert stream.category


def test_a_token_that_ended_is_renewed_once(helix: Helix, simulator: Handle, calls: Counter[tuple[str, str]]) -> None:
    marathon(helix)
    simulator.control.post("/twitch/tokens/expire")
    assert marathon(helix)
    assert calls == {("users", "200"): 2, ("users", "401"): 1}


def test_a_lasting_401_names_the_variables(helix: Helix, simulator: Handle, calls: Counter[tuple[str, str]]) -> None:
    simulator.control.post("/helix/faults", status=401)
    with pytest.raises(ServiceError, match="TWITCH_CLIENT_ID and TWITCH_CLIENT_SECRET") as caught:
        marathon(helix)
    assert caught.value.kind is ErrorKind.AUTH
    assert calls == {("users", "401"): 2}


def test_429_waits_until_the_named_second(
    helix: Helix, simulator: Handle, calls: Counter[tuple[str, str]], waits: list[float]
) -> None:
    simulator.control.post("/helix/faults", status=429, times=2)
    assert marathon(helix)
    assert calls == {("users", "429"): 2, ("users", "200"): 1}
    assert all(0 < wait <= 2 for wait in waits)


def test_429_for_too_long_is_an_error_that_says_when(
    helix: Helix, simulator: Handle, calls: Counter[tuple[str, str]], waits: list[float]
) -> None:
    simulator.control.post("/helix/faults", status=429, retry_after=600)
    with pytest.raises(ServiceError) as caught:
        marathon(helix)
    assert caught.value.kind is ErrorKind.RATE_LIMITED
    assert (caught.value.retry_after or 0) > 500
    assert waits == []
    assert calls == {("users", "429"): 1}


def test_5xx_is_tried_again_and_then_given_up(helix: Helix, simulator: Handle, calls: Counter[tuple[str, str]]) -> None:
    simulator.control.post("/helix/faults", status=503, times=3)
    assert marathon(helix)
    simulator.control.post("/helix/faults", status=503)
    with pytest.raises(ServiceError) as caught:
        marathon(helix)
    assert caught.value.kind is ErrorKind.TRANSIENT
    assert calls["users", "503"] == 7


def test_no_connection_is_counted_and_may_pass(
    helix: Helix, monkeypatch: pytest.MonkeyPatch, simulator: Handle, settings: Any
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    counted: Counter[tuple[str, str]] = Counter()

    class Fixed:
        def token(self) -> str:
            return "x"

        def renewed(self, stale: str) -> str:
            return "y"

    def count(endpoint: str, status: str) -> None:
        counted[endpoint, status] += 1

    with (
        Helix(Fixed(), "client", count, sleep=lambda _: None) as service,
        pytest.raises(ServiceError, match="cannot be reached"),
    ):
        service.users(logins=["pia"])
    assert counted == {("users", "error"): 4}

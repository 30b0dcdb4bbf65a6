"""The list filters and pages by key: each VOD is met once, forwards and back."""

from __future__ import annotations

import re

import page_cast
import pytest
from django.test import Client
from django.utils.timezone import now

from vods import queries
from vods.models import State, Vod

pytestmark = pytest.mark.django_db


def many(count: int) -> list[str]:
    """VODs of which many start at the same moment; their ids in the list's order."""
    channel, clock = page_cast.channels(now())[0], now()
    for number in range(count):
        page_cast.vod(channel, number, State.IGNORED, clock, started_at=clock.replace(hour=number % 3))
    return list(Vod.objects.order_by("-started_at", "-id").values_list("twitch_id", flat=True))


def test_every_vod_is_met_once_forwards_and_back() -> None:
    expected = many(100)
    page = queries.vod_page()
    pages = [page]
    while page.older:
        page = queries.vod_page(before=page.older)
        pages.append(page)
    assert [vod.twitch_id for page in pages for vod in page.vods] == expected
    back = [pages[-1]]
    while back[0].newer:
        back.insert(0, queries.vod_page(after=back[0].newer))
    assert [vod.twitch_id for page in back for vod in page.vods] == expected


def test_links_lead_from_page_to_page_and_keep_the_filter(operator: Client) -> None:
    many(50)
    text = operator.get("/vods/?state=ignored").content.decode()
    older = re.search(r'href="(\?[^"]+)" rel="next"', text)
    assert older
    following = operator.get("/vods/" + older[1].replace("&amp;", "&"))
    assert following.status_code == 200
    assert following.content.decode().count('<td class="thumb">') == 10


def test_filters_by_state_channel_and_title() -> None:
    page_cast.fill(now(), 40)
    assert {vod.state for vod in queries.vod_page(state="done").vods} == {State.DONE}
    assert {vod.channel.login for vod in queries.vod_page(channel="mossandstone").vods} == {"mossandstone"}
    assert {vod.title for vod in queries.vod_page(text="hurdy").vods} == {"Music room: learning the hurdy-gurdy live"}
    assert [vod.twitch_id for vod in queries.vod_page(text="v2300000003").vods] == ["2300000003"]


@pytest.mark.parametrize("query", ["state=x", "before=x", "after=1_2", "before=2026-01-01_9", "q=%00", "channel=%27"])
def test_damaged_addresses_do_no_harm(operator: Client, query: str) -> None:
    page_cast.fill(now(), 3)
    assert operator.get(f"/vods/?{query}").status_code == 200


def test_the_listing_holds_what_the_command_prints() -> None:
    vods = page_cast.fill(now(), 10)
    rows = list(queries.listing(chat_messages=lambda ids: dict.fromkeys(ids, 7), batch=3))
    assert len(rows) == 10
    row = next(row for row in rows if row["twitch_id"] == vods[0].twitch_id)
    assert row["chat_messages"] == 7
    assert set(row) == {
        "twitch_id", "channel", "title", "state", "attempts", "error", "bytes_done", "bytes_total", "path", "size",
        "youtube_id", "youtube_url", "chat_messages",
    }  # fmt: skip

"""/monitor and /monitor/data: ten panels for people who are logged in, quick at any size."""

from __future__ import annotations

import time
from html.parser import HTMLParser

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from tests.monitor import history_cast
from vodtender.monitor import sampling
from vodtender.monitor.models import Sample
from vodtender.monitor.sampling import key

LOGGED_IN = 2  # session and user
PANELS = [
    "queue", "circuit", "download-rate", "download-duration", "upload-rate", "upload-duration", "pool", "chat", "oauth",
    "helix",
]  # fmt: skip


def this_moment() -> int:
    return int(time.time()) // 15 * 15


def panels(client: Client, name: str = "1h") -> dict[str, dict]:  # type: ignore[type-arg]
    return {panel["key"]: panel for panel in client.get(f"/monitor/data?range={name}").json()["panels"]}


class Cells(HTMLParser):
    """The text of all table cells."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.cells: list[str] = []
        self._inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in {"td", "th"}:
            self._inside = True
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"}:
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.cells[-1] += data


@pytest.mark.parametrize("address", ["/monitor", "/monitor/data", "/monitor/data?range=7d"])
def test_a_login_is_needed(client: Client, db: None, address: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/accounts/login/")


def test_a_full_week_is_read_with_two_queries_and_at_most_500_points(
    reader: Client, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    history_cast.a_week(this_moment())
    for name, queries in (("1h", 1), ("6h", 2), ("24h", 2), ("7d", 2)):
        with django_assert_num_queries(LOGGED_IN + queries):
            reader.get(f"/monitor?range={name}")
        with django_assert_num_queries(LOGGED_IN + queries):
            found = reader.get(f"/monitor/data?range={name}").json()
        assert 200 < len(found["at"]) <= 500
        assert found["at"] == sorted(set(found["at"]))
        assert [panel["key"] for panel in found["panels"]] == PANELS
        assert all(len(line["values"]) == len(found["at"]) for panel in found["panels"] for line in panel["lines"])
        assert found["notice"] == ""


def test_the_page_tells_the_current_values_without_javascript(reader: Client) -> None:
    at = this_moment()
    for ago, numbers in ((60, {}), (0, {key("vod_downloads_started"): 2, key("chat_messages_recorded", ("pia",)): 90})):
        history_cast.sample(at - ago, {sampling.QUEUE: 62, sampling.CIRCUIT: 1, **numbers})
    text = reader.get("/monitor").content.decode()
    assert '<div class="dial warn" data-dial>' in text
    cells = Cells(text).cells
    assert cells[cells.index("started") :][:4] == ["started", "2", "2", "2"]
    assert cells[cells.index("pia") :][:4] == ["pia", "1.5", "1.5", "90"]
    assert cells[cells.index("state") :][:3] == ["state", "half-open", "half-open"]


def test_with_nothing_sampled_the_page_says_so_and_shows_no_zeros(reader: Client) -> None:
    text = reader.get("/monitor?range=6h").content.decode()
    assert "Nothing was sampled in these 6 hours yet." in text
    assert "No downloads in these 6 hours yet." in text
    assert all(panel["empty"] for panel in panels(reader).values())
    assert panels(reader)["queue"]["gauge"]["text"] == "–"


def test_a_quiet_hour_is_told_from_an_unknown_one(reader: Client) -> None:
    for ago in (30, 15, 0):
        history_cast.sample(this_moment() - ago, {sampling.QUEUE: 0, sampling.CIRCUIT: 0})
    found = panels(reader)
    assert found["queue"]["empty"] == found["circuit"]["empty"] == ""
    assert found["download-rate"]["empty"] == "No downloads in this hour yet."
    assert found["download-rate"]["lines"][0]["cells"] == ["0", "0", "0"]
    assert found["pool"]["empty"] == "No web server told of its connections in this hour."


def test_samples_that_stopped_coming_are_named(reader: Client) -> None:
    history_cast.sample(this_moment() - 600, {sampling.QUEUE: 0})
    assert "The newest sample was taken 10" in reader.get("/monitor/data").json()["notice"]


@pytest.mark.parametrize(
    ("depth", "level"), [(0, "good"), (49, "good"), (50, "warn"), (100, "warn"), (101, "bad"), (4000, "bad")]
)
def test_the_queue_has_the_colours_of_the_guide(reader: Client, depth: int, level: str) -> None:
    history_cast.sample(this_moment(), {sampling.QUEUE: depth})
    gauge = panels(reader)["queue"]["gauge"]
    assert (gauge["level"], gauge["text"]) == (level, f"{depth:,}")
    assert 0 <= gauge["share"] <= 100


@pytest.mark.parametrize(
    ("state", "word", "level"), [(0, "closed", "good"), (1, "half-open", "warn"), (2, "open", "bad")]
)
def test_the_circuit_has_the_colours_of_the_guide(reader: Client, state: int, word: str, level: str) -> None:
    history_cast.sample(this_moment(), {sampling.CIRCUIT: state})
    gauge = panels(reader)["circuit"]["gauge"]
    assert (gauge["text"], gauge["level"]) == (word, level)


def test_in_a_week_an_hour_of_trouble_is_not_overlooked(reader: Client) -> None:
    noon = this_moment() // 1800 * 1800 - 86400
    for place in range(12):
        bad = place in {8, 9}
        history_cast.sample(noon + place * 300, {sampling.CIRCUIT: 2 * bad, sampling.QUEUE: 200 * bad})
    history_cast.sample(this_moment(), {sampling.CIRCUIT: 0, sampling.QUEUE: 1})
    found = panels(reader, "7d")
    assert found["circuit"]["lines"][0]["cells"] == ["closed", "open"]
    assert found["queue"]["lines"][0]["cells"] == ["1", "200"]


def test_many_channels_are_eight_lines_of_which_the_last_adds_up(reader: Client) -> None:
    counts = {key("chat_messages_recorded", (f"channel{place:02}",)): 100 - place for place in range(20)}
    history_cast.sample(this_moment() - 15, {})
    history_cast.sample(this_moment(), counts)
    lines = panels(reader)["chat"]["lines"]
    assert [line["name"] for line in lines] == [*(f"channel{place:02}" for place in range(7)), "13 others"]
    assert lines[-1]["cells"][-1] == f"{sum(100 - place for place in range(7, 20)):,}"


def test_a_hostile_label_stays_text(reader: Client) -> None:
    history_cast.sample(this_moment(), {key("chat_messages_recorded", ('"]<script>alert(1)</script>',)): 5})
    text = reader.get("/monitor").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text


def test_an_unknown_range_is_the_last_hour(reader: Client) -> None:
    assert reader.get("/monitor/data?range=99y").json()["range"] == "1h"
    assert reader.post("/monitor/data").status_code == 405
    assert reader.get("/monitor/")["Location"] == "/monitor"
    assert not Sample.objects.exists()

"""The outbound client tries again what may pass, and says in words what did not."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from vodtender.http import Client, ErrorKind, ServiceError, backoff_seconds, retry_after_seconds


class Answers(http.server.BaseHTTPRequestHandler):
    planned: list[tuple[int, dict[str, str]]] = []
    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        status, headers = self.planned.pop(0) if self.planned else (200, {})
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def server() -> Iterator[str]:
    Answers.planned, Answers.asked = [], 0
    one = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=one.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{one.server_address[1]}/"
    one.shutdown()
    thread.join()
    one.server_close()


def client(waits: list[float], tries: int = 3) -> Client:
    return Client("Twitch", tries=tries, sleep=waits.append)


def test_trouble_that_passes_is_not_noticed(server: str) -> None:
    waits: list[float] = []
    Answers.planned = [(503, {}), (429, {"Retry-After": "7"}), (200, {})]
    assert client(waits).request("GET", server).status_code == 200
    assert Answers.asked == 3
    assert waits[1] == 7


def test_trouble_that_stays_is_transient(server: str) -> None:
    Answers.planned = [(502, {})] * 3
    with pytest.raises(ServiceError) as caught:
        client([]).request("GET", server)
    assert (caught.value.kind, caught.value.status, caught.value.permanent) == (ErrorKind.TRANSIENT, 502, False)


def test_a_long_wait_is_left_to_the_caller(server: str) -> None:
    Answers.planned = [(429, {"Retry-After": "3600"})]
    with pytest.raises(ServiceError) as caught:
        client([]).request("GET", server)
    assert (caught.value.kind, caught.value.retry_after) == (ErrorKind.RATE_LIMITED, 3600)
    assert Answers.asked == 1


@pytest.mark.parametrize("status", [200, 301, 400, 401, 403, 404, 410])
def test_other_answers_are_the_callers(server: str, status: int) -> None:
    Answers.planned = [(status, {})]
    assert client([]).request("GET", server).status_code == status
    assert Answers.asked == 1


def test_nobody_there(server: str) -> None:
    with pytest.raises(ServiceError) as caught:
        client([]).request("GET", "http://127.0.0.1:1/")
    assert caught.value.message.startswith("Twitch cannot be reached (ConnectError).")


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "5"}, 5),
        ({"Retry-After": "Mon, 23 Nov 2026 12:01:00 GMT"}, 60),
        ({"Retry-After": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Ratelimit-Reset": str(int(NOW.timestamp()) + 9)}, 9),
    ],
)
def test_how_long_a_service_asks_to_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after_seconds(headers, lambda: NOW) == seconds


def test_backoff_doubles_and_has_an_end() -> None:
    assert 1 <= backoff_seconds(1, 2) <= 3
    assert 4 <= backoff_seconds(3, 2) <= 12
    assert backoff_seconds(99, 2, most=10) <= 15

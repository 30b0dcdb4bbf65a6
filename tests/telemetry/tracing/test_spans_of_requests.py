"""The span of a request: what it says, what it leaves out, and which requests have none."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import AsyncClient, Client
from django.urls import path

from tests.telemetry.tracing.collector import Collector, Seen
from vodtender.telemetry import tracing

ASYNC_CHAIN = (
    "vodtender.telemetry.middleware.correlation_middleware",
    "vodtender.telemetry.request_spans.RequestSpans",
)


def page(request: HttpRequest, name: str) -> HttpResponse:
    with tracing.span("inside"):
        return HttpResponse(name)


def broken(request: HttpRequest) -> HttpResponse:
    raise LookupError("SELECT secret FROM tokens")


async def stream(request: HttpRequest) -> StreamingHttpResponse:
    async def events() -> AsyncIterator[str]:
        yield "data: 1\n\n"

    return StreamingHttpResponse(events(), content_type="text/event-stream")


def plain(request: HttpRequest, *_: object, **__: object) -> HttpResponse:
    return HttpResponse("ok")


def missing(request: HttpRequest, exception: Exception) -> HttpResponse:
    return HttpResponse(status=404)


def failed(request: HttpRequest) -> HttpResponse:
    return HttpResponse(status=500)


handler404, handler500 = missing, failed
urlpatterns = [
    path("pages/<str:name>/", page),
    path("reset/<str:key>/", plain),
    path("broken/", broken),
    path("stream/", stream),
    *(path(probe, plain) for probe in ("healthz", "readyz", "metrics")),
]


@pytest.fixture(autouse=True)
def _small(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.MIDDLEWARE = ASYNC_CHAIN


@pytest.fixture
def client(collector: Collector) -> Client:
    return Client(raise_request_exception=False)


def sent(collector: Collector, name: str = "http-server") -> list[Seen]:
    tracing.finish()
    return collector.named(name)


def test_it_says_what_was_asked_and_answered(client: Client, collector: Collector) -> None:
    answer = client.get("/pages/one/", {"q": "hunter2"}, headers={"X-Correlation-ID": "my-id"})
    [span] = sent(collector)
    assert span.attributes == {
        "http.method": "GET",
        "http.route": "/pages/<str:name>/",
        "http.url": "http://testserver/pages/one/",
        "http.status_code": 200,
        "correlation_id": "my-id",
    }
    assert answer.headers["X-Correlation-ID"] == "my-id"
    assert (span.kind, span.failed) == (2, False)  # a server's


def test_it_is_the_same_in_an_async_chain(collector: Collector) -> None:
    asyncio.run(AsyncClient().get("/pages/one/", headers={"X-Correlation-ID": "my-id"}))
    [span], [inside] = sent(collector), sent(collector, "inside")
    assert span.attributes["http.route"] == "/pages/<str:name>/"
    assert span.attributes["correlation_id"] == inside.attributes["correlation_id"] == "my-id"
    assert inside.parent == span.span_id


def test_an_error_of_ours_is_marked_without_its_text(client: Client, collector: Collector) -> None:
    assert client.get("/broken/").status_code == 500
    [span] = sent(collector)
    assert span.failed
    assert (span.attributes["error"], span.attributes["error.kind"]) == (True, "LookupError")
    assert "secret" not in f"{span}"


def test_a_page_that_is_not_there_is_no_error(client: Client, collector: Collector) -> None:
    client.get("/nowhere/")
    [span] = sent(collector)
    assert (span.attributes["http.status_code"], span.failed) == (404, False)
    assert "http.route" not in span.attributes


def test_a_key_in_the_path_is_left_out(client: Client, collector: Collector) -> None:
    client.get("/reset/hunter2/")
    assert [span.attributes["http.url"] for span in sent(collector)] == ["http://testserver/reset/<str:key>/"]


def test_an_odd_method_or_host_makes_no_label_of_its_own(client: Client, collector: Collector) -> None:
    client.generic("BREW", "/pages/one/", headers={"Host": "evil.example"})
    [span] = sent(collector)
    assert span.attributes["http.method"] == "_OTHER"
    assert span.attributes["http.url"] == "http://unknown/pages/one/"


@pytest.mark.parametrize("address", ["/healthz", "/readyz", "/metrics"])
def test_probes_and_scrapes_have_none(client: Client, collector: Collector, address: str) -> None:
    assert client.get(address).status_code == 200
    assert sent(collector) == []


def test_event_streams_have_none(collector: Collector) -> None:
    async def listen() -> list[bytes]:
        answer = await AsyncClient().get("/stream/")
        return [part async for part in answer.streaming_content]

    assert asyncio.run(listen()) == [b"data: 1\n\n"]
    assert sent(collector) == []


def test_a_strangers_traceparent_is_not_followed(client: Client, collector: Collector, settings: Any) -> None:
    settings.OTEL_TRACES_SAMPLER = "parentbased_always_off"
    stranger = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    client.get("/pages/one/", headers={"traceparent": stranger})
    assert sent(collector) == []


def test_addresses_can_be_left_out(settings: Any, client: Client, collector: Collector) -> None:
    settings.OTEL_PYTHON_DJANGO_EXCLUDED_URLS = "^/reset/, one/$"
    for address in ("/pages/one/", "/pages/two/", "/reset/key/"):
        client.get(address)
    assert [span.attributes["http.url"] for span in sent(collector)] == ["http://testserver/pages/two/"]

"""Proxy and certificates come from the environment, for each address anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from vods.connections import Connections, proxy_for, tls_context
from vodtender.http import ErrorKind, ServiceError

VARIABLES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(
    ("environment", "url", "proxy"),
    [
        ({}, "https://cdn.example/0.ts", None),
        ({"HTTPS_PROXY": "http://127.0.0.1:3128"}, "https://cdn.example/0.ts", "http://127.0.0.1:3128"),
        ({"https_proxy": "http://127.0.0.1:3128"}, "https://cdn.example/0.ts", "http://127.0.0.1:3128"),
        ({"HTTPS_PROXY": "127.0.0.1:3128"}, "https://cdn.example/0.ts", "http://127.0.0.1:3128"),
        ({"HTTPS_PROXY": "http://127.0.0.1:3128"}, "http://cdn.example/0.ts", None),
        ({"ALL_PROXY": "http://127.0.0.1:3128"}, "http://cdn.example/0.ts", "http://127.0.0.1:3128"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "example"}, "https://cdn.example/0.ts", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, "https://cdn.example/0.ts", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.org,cdn.example"}, "https://cdn.example/0.ts", None),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "other.org"}, "https://cdn.example/0.ts", "http://p:1"),
    ],
)
def test_the_proxy_of_an_address(
    monkeypatch: pytest.MonkeyPatch, environment: dict[str, str], url: str, proxy: str | None
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert proxy_for(url) == proxy


def test_a_proxy_of_another_kind_is_refused_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "socks5://me:secret@127.0.0.1:1")
    with pytest.raises(ServiceError, match="HTTPS_PROXY") as caught:
        Connections(size=1, read_seconds=1.0).get("https://cdn.example/0.ts", {})
    assert caught.value.kind is ErrorKind.INVALID
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("content", [None, "not a certificate"])
def test_certificates_that_cannot_be_read_are_said_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ServiceError, match="SSL_CERT_FILE"):
        tls_context()

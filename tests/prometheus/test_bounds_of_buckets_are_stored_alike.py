"""A real Prometheus with our relabelling stores `600.0`, as its version 3 would, as `600`: {le="600"} finds both."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from tests.journey.product import until
from tests.journey.watchers import Prometheus

PAGE = b"""# TYPE old_seconds histogram
old_seconds_bucket{le="0.5"} 1
old_seconds_bucket{le="600.0"} 2
old_seconds_bucket{le="+Inf"} 3
old_seconds_sum 700
old_seconds_count 3
# TYPE new_seconds histogram
new_seconds_bucket{le="600"} 4
new_seconds_bucket{le="+Inf"} 5
new_seconds_sum 700
new_seconds_count 5
# TYPE version gauge
version{le="3.0"} 6
"""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; version=0.0.4")
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Prometheus]:
    server = HTTPServer(("127.0.0.1", 0), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    target = f"127.0.0.1:{server.server_address[1]}"
    with Prometheus(tmp_path).started(target, "127.0.0.1:9", durations={}) as started:
        yield started
    server.shutdown()
    server.server_close()


def test_both_are_found_by_the_whole_number(prometheus: Prometheus) -> None:
    until(lambda: prometheus.query("new_seconds_count"), 60, "it is scraped")
    assert prometheus.number('old_seconds_bucket{le="600"}') == 2
    assert prometheus.number('new_seconds_bucket{le="600"}') == 4
    assert prometheus.number('old_seconds_bucket{le="0.5"}') == 1
    assert prometheus.number('version{le="3.0"}') == 6, "no bucket, so it is left alone"

"""A static file server that is not Python: Debian's nginx, unprivileged, on loopback.

/plain/ answers each request after 40 ms, /capped/ also sends at no more than 15 MB/s on a connection. Both are done by
nginx's lua module: the delay costs a request and not a round trip, and nginx's own limit_rate lets the bytes of one
second through at once, which is more than a segment.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LATENCY_SECONDS = 0.04
CAP_BYTES_PER_SECOND = 15_000_000
NOBODY = 65534
_MODULES = Path("/usr/lib/nginx/modules")
_CONFIG = """
daemon off;
worker_processes 1;
pid {run}/nginx.pid;
error_log {run}/error.log warn;
load_module {modules}/ndk_http_module.so;
load_module {modules}/ngx_http_lua_module.so;
events {{ worker_connections 512; }}
http {{
    access_log off;
    sendfile on;
    tcp_nopush on;
    tcp_nodelay on;
    keepalive_requests 100000;
    types {{ application/vnd.apple.mpegurl m3u8; video/mp2t ts; }}
    client_body_temp_path {run}/body;
    proxy_temp_path {run}/proxy;
    fastcgi_temp_path {run}/fastcgi;
    uwsgi_temp_path {run}/uwsgi;
    scgi_temp_path {run}/scgi;
    server {{
        listen 127.0.0.1:{port};
        location = /up {{ return 204; }}
        location /plain/ {{
            alias {vod}/;
            access_by_lua_block {{ ngx.sleep({latency}) }}
        }}
        location /capped/ {{
            content_by_lua_block {{
                ngx.sleep({latency})
                local name = ngx.var.uri:match("[^/]+$") or ""
                local file = io.open("{vod}/" .. name, "rb")
                if not file then return ngx.exit(404) end
                ngx.header.content_length = file:seek("end")
                ngx.header.content_type = name:match("m3u8$") and "application/vnd.apple.mpegurl" or "video/mp2t"
                file:seek("set")
                local began, sent = ngx.now(), 0
                while ngx.req.get_method() == "GET" do
                    local piece = file:read(65536)
                    if not piece then break end
                    ngx.print(piece)
                    if not ngx.flush(true) then break end
                    sent = sent + #piece
                    ngx.update_time()
                    local ahead = sent / {cap} - (ngx.now() - began)
                    if ahead > 0.001 then ngx.sleep(ahead) end
                end
                file:close()
            }}
        }}
    }}
}}
"""


@contextmanager
def serving(vod: Path) -> Iterator[str]:
    """The server's address, `http://127.0.0.1:PORT`, while the block runs."""
    program = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if program is None or not (_MODULES / "ngx_http_lua_module.so").exists():
        raise SystemExit("The bench needs nginx with lua: apt install nginx-light libnginx-mod-http-lua")
    with tempfile.TemporaryDirectory(prefix="vod-tender-nginx-") as run, socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
        probe.close()
        values = {"latency": LATENCY_SECONDS, "cap": CAP_BYTES_PER_SECOND}
        config = _CONFIG.format(run=run, modules=_MODULES, port=port, vod=vod, **values)
        Path(run, "nginx.conf").write_text(config, encoding="utf-8")
        unprivileged: dict[str, Any] = {}
        if os.geteuid() == 0:
            os.chown(run, NOBODY, NOBODY)
            unprivileged = {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        command = [program, "-p", run, "-e", f"{run}/error.log", "-c", f"{run}/nginx.conf"]
        setpriv = shutil.which("setpriv")
        dies_with_us = [setpriv, "--pdeathsig", "TERM"] if setpriv else []
        process = subprocess.Popen([*dies_with_us, *command], start_new_session=True, **unprivileged)
        try:
            _wait_for(port, process, Path(run, "error.log"))
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    limit = time.monotonic() + 10
    while True:
        with socket.socket() as asking:
            if asking.connect_ex(("127.0.0.1", port)) == 0:
                return
        if process.poll() is not None or time.monotonic() > limit:
            said = log.read_text(errors="replace")[-1000:] if log.exists() else ""
            raise SystemExit(f"nginx did not start: {said}")
        time.sleep(0.05)

"""The page at /debug/pprof/."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from html import escape

from vodtender.telemetry.profiling.endpoints import DESCRIPTIONS

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:48rem;margin:2rem auto;padding:0 1rem;color:#1a2b2a}"
    "td,th{padding:.2rem .8rem .2rem 0;text-align:left;vertical-align:top}td:nth-child(2){text-align:right}"
    "a{color:#0a6b68}code{background:#eef5f4;padding:0 .2rem}"
    "@media(prefers-color-scheme:dark){body{background:#111b1a;color:#dcebea}a{color:#84c7c1}code{background:#1e2c2b}}"
)


def page(role: str, address: str, counts: Mapping[str, int], children: Mapping[int, str], nonce: str) -> str:
    """`role`: empty for a child, whose links keep its pid. `address`: HOST:PORT where it was asked."""
    suffix = "" if role else f"pid={os.getpid()}"
    title = escape(f"Profiles: {role or 'a child process'}")
    tool = f"go tool pprof 'http://{address}/debug/pprof/profile?seconds=10{'&' + suffix if suffix else ''}'"
    others = [
        f'<li><a href="/debug/pprof/?pid={pid}">{pid}</a> <code>{escape(command)}</code></li>'
        for pid, command in children.items()
    ]
    return "".join(
        [
            f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>',
            '<meta name="viewport" content="width=device-width,initial-scale=1">',
            f'<style nonce="{nonce}">{_STYLE}</style><h1>{title}</h1>',
            f"<p>Process {os.getpid()}, <code>{escape(' '.join(sys.argv))}</code></p>",
            f"<p>To look at one: <code>{escape(tool)}</code></p>",
            "<table><tr><th>Profile<th>Count<th>What it shows</tr>",
            *(_row(name, text, counts.get(name), suffix) for name, text in DESCRIPTIONS.items()),
            "</table>",
            f"<h2>Processes below this one</h2><ul>{''.join(others)}</ul>" if others else "",
            "</html>\n",
        ]
    )


def _row(name: str, text: str, count: int | None, suffix: str) -> str:
    debug = "" if name in {"profile", "cmdline"} else "debug=1"
    query = "&amp;".join(part for part in (debug, suffix) if part)
    link = f'<a href="/debug/pprof/{name}{"?" if query else ""}{query}">{name}</a>'
    return f"<tr><td>{link}<td>{'' if count is None else count}<td>{escape(text)}</tr>"

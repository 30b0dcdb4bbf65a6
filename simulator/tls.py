"""The simulator's certificate authority and a certificate for every host name that a client asks for."""

from __future__ import annotations

import os
import ssl
from pathlib import Path

import trustme


def authority(state_dir: Path) -> trustme.CA:
    """The CA kept in the state folder, made at the first start: ca.pem is public, ca-key.pem has mode 0600."""
    cert, key = state_dir / "ca.pem", state_dir / "ca-key.pem"
    if cert.exists() and key.exists():
        return trustme.CA.from_pem(cert.read_bytes(), key.read_bytes())
    ca = trustme.CA(organization_name="Loopback simulator")
    beside = key.with_name(".ca-key.pem.new")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(ca.private_key_pem.bytes())
    os.replace(beside, key)
    ca.cert_pem.write_to_path(str(cert))
    return ca


def server_context(ca: trustme.CA) -> ssl.SSLContext:
    """A context for 127.0.0.1 and localhost that becomes, by SNI, one for whatever host is asked for. HTTP/1.1 only."""
    contexts: dict[str, ssl.SSLContext] = {}

    def choose(connection: ssl.SSLObject, name: str | None, _: ssl.SSLContext) -> None:
        if not name or name == "localhost":
            return
        if name not in contexts:
            contexts[name] = _context(ca, name)
        connection.context = contexts[name]

    base = _context(ca, "127.0.0.1", "localhost")
    base.sni_callback = choose
    return base


def _context(ca: trustme.CA, *names: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["http/1.1"])
    ca.issue_cert(*names).configure_cert(context)
    return context

"""TLS for a client that speaks HTTP/1.1 only."""

from __future__ import annotations

import ssl


def client_context(*, ca_file: str | None = None, verify: bool = True) -> ssl.SSLContext:
    """Make a context that trusts the system's authorities and those of `ca_file` (PEM).

    ALPN offers nothing but http/1.1: what is stored verbatim must be what crossed the wire.

    Raises:
        OSError: where `ca_file` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context()
    if ca_file:
        context.load_verify_locations(cafile=ca_file)
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context

"""What the metadata record of an exchange says of the certificates that TLS showed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import lru_cache

from archiver.wire.exchange import Exchange


def certificate_fields(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """Give `tls-verified`, `tls-certificates` and, once a connection, `tls-certificate` fields.

    `tls-certificates` are the SHA-256 fingerprints of the chain, the server's own first; each
    `tls-certificate` is a JSON object of one certificate's facts, in the same order. All
    answers of one connection have the fingerprints, only the first has the facts.
    """
    tls = exchange.tls
    if tls is None:
        return
    yield "tls-verified", "yes" if tls.verified else "no"
    yield "tls-certificates", " ".join(_fingerprint(der) for der in tls.certificates)
    if not exchange.reused:
        for der in tls.certificates:
            yield "tls-certificate", _facts(der)


@lru_cache(maxsize=1024)
def _fingerprint(der: bytes) -> str:
    return f"sha256:{hashlib.sha256(der).hexdigest()}"


@lru_cache(maxsize=1024)
def _facts(der: bytes) -> str:
    """Give the facts of a certificate (RFC 5280); the fingerprint alone where it is unreadable.

    Names are written as by RFC 4514, times as by ISO 8601, the serial number in hex digits.
    """
    from cryptography import x509  # it takes 60 ms, which commands that fetch nothing need not pay

    facts = {"fingerprint": _fingerprint(der)}
    try:
        found = x509.load_der_x509_certificate(der)
        facts |= {
            "subject": found.subject.rfc4514_string(),
            "issuer": found.issuer.rfc4514_string(),
            "serial": f"{found.serial_number:x}",
            "not-before": found.not_valid_before_utc.isoformat(),
            "not-after": found.not_valid_after_utc.isoformat(),
        }
    except Exception as error:  # noqa: BLE001 - whatever a server sends, its page is kept
        facts["unreadable"] = str(error)
    return json.dumps(facts)

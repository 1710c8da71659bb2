from __future__ import annotations

import hashlib
import json
import ssl
from typing import Any

import pytest
import trustme
from support.exchanges import answer, exchange

from archiver.warc.fields import parse_warc_fields
from archiver.warc.record import exchange_records
from archiver.wire.exchange import PeerCertificates

AUTHORITY = trustme.CA(organization_name='Evil\r\ntls-verified: yes\r\n"CA"')


def der(certificate: trustme.Blob) -> bytes:
    return ssl.PEM_cert_to_DER_cert(certificate.bytes().decode())


LEAF = der(AUTHORITY.issue_cert("news.example").cert_chain_pems[0])
ROOT = der(AUTHORITY.cert_pem)


def said(*certificates: bytes, **changes: Any) -> list[tuple[str, str]]:
    """The fields of the metadata record that speak of TLS."""
    tls = PeerCertificates(certificates=certificates, verified=changes.pop("verified", True))
    *_, metadata = exchange_records(exchange(answer(), tls=tls, **changes))
    block = metadata.data.partition(b"\r\n\r\n")[2]
    return [field for field in parse_warc_fields(block) if field[0].startswith("tls")]


def fingerprint(certificate: bytes) -> str:
    return "sha256:" + hashlib.sha256(certificate).hexdigest()


def test_the_first_exchange_of_a_connection_has_the_facts() -> None:
    verified, chain, *facts = said(LEAF, ROOT)
    assert verified == ("tls-verified", "yes")
    assert chain == ("tls-certificates", f"{fingerprint(LEAF)} {fingerprint(ROOT)}")
    leaf, root = (json.loads(value) for name, value in facts if name == "tls-certificate")
    assert leaf["fingerprint"] == fingerprint(LEAF)
    assert root["fingerprint"] == fingerprint(ROOT)
    assert leaf["issuer"] == root["subject"] == root["issuer"] != leaf["subject"]
    assert int(leaf["serial"], 16) > 0
    assert leaf["not-before"] < leaf["not-after"]
    assert leaf["not-after"].endswith("+00:00")


def test_later_ones_have_the_fingerprints() -> None:
    assert said(LEAF, ROOT, reused=True) == said(LEAF, ROOT)[:2]


def test_what_was_not_verified_says_so() -> None:
    assert said(LEAF, verified=False)[0] == ("tls-verified", "no")


def test_names_inject_nothing() -> None:
    assert [name for name, _ in said(ROOT)].count("tls-verified") == 1


@pytest.mark.parametrize("certificate", [b"", b"no certificate", LEAF[:-1], LEAF + b"x"])
def test_what_cannot_be_read_has_its_fingerprint(certificate: bytes) -> None:
    facts = json.loads(said(certificate)[-1][1])
    assert facts.keys() == {"fingerprint", "unreadable"}
    assert facts["fingerprint"] == fingerprint(certificate)


def test_without_tls_nothing_is_said() -> None:
    *_, metadata = exchange_records(exchange(answer()))
    assert b"tls-" not in metadata.data

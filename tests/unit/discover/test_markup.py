"""Bytes made ready to be read."""

import gzip
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.markup import Xml, decode, unpack


def test_a_bomb_is_never_unpacked_beyond_the_limit():
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    try:
        out = unpack(bomb, 1000)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(out) == 1001
    assert peak < 5_000_000
    assert len(unpack(b"x" * 5000, 1000)) == 1001


def test_damaged_gzip_gives_what_it_still_gives():
    body = b"".join(b"%d " % number for number in range(100_000))
    packed = bytearray(gzip.compress(body))
    assert unpack(bytes(packed[:-4]), 10**6) == body  # torn
    packed[-6] ^= 1
    assert unpack(bytes(packed), 10**6) == body  # its checksum is wrong
    assert body.startswith(unpack(bytes(packed[: len(packed) // 2]), 10**6))
    assert unpack(b"\x1f\x8bnothing", 100) == b""


@given(st.binary(max_size=2000), st.integers(0, 2000))
def test_what_is_packed_is_unpacked_to_the_limit(body, cap):
    assert unpack(gzip.compress(body), cap) == body[: cap + 1]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
)
def test_unicode_is_known_by_its_looks(encoding):
    text = "<rss>день</rss>"
    assert decode(text.encode(encoding), "text/xml; charset=ISO-8859-1") == text


def test_a_few_broken_bytes_do_not_make_another_encoding():
    body = "Łódź, Kraków, Gdańsk".encode()
    assert decode(body + b"\xff", None) == "Łódź, Kraków, Gdańsk\ufffd"
    assert decode(body[:-1] + b"\xc5", "text/html; charset=latin-1").startswith("Łódź, Kraków")


def test_bytes_that_are_half_broken_go_by_what_is_declared():
    # as many characters that happen to be UTF-8 as broken ones
    body = "Ð¾ÿ Ð¾ÿ".encode("cp1252")
    assert decode(body, "text/html; charset=windows-1252") == "Ð¾ÿ Ð¾ÿ"


@given(st.binary(max_size=300), st.text(max_size=60))
def test_any_bytes_are_text(body, content_type):
    decode(body, content_type)
    decode(b'<?xml version="1.0" encoding="' + body + b'"?>', content_type)


@given(st.text(max_size=300))
def test_mending_keeps_what_is_well_formed(text):
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    document = Xml.of(f"<rss>{escaped}<item/><![CDATA[& &x; < ]]></rss>")
    assert document is not None
    controls = "".join(chr(code) for code in (*range(9), 11, 12, *range(14, 32)))
    kept = escaped.encode("utf-8", "replace").decode().translate(dict.fromkeys(map(ord, controls)))
    assert document.data.decode() == f"<rss>{kept}<item/><![CDATA[& &x; < ]]></rss>"

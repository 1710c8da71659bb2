from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.replay.pages import size
from archiver.replay.policy import accepts, is_sendable, memento_policy, original_fields


@pytest.mark.parametrize(
    ("accept", "coding", "taken"),
    [
        ("gzip, br", b"gzip", True),
        ("gzip;q=1.0, br;q=0.5", b"br", True),
        ("gzip", b"br", False),
        ("gzip;q=0, br", b"gzip", False),
        ("gzip", b"x-gzip", True),
        ("gzip", b"gzip, br", False),
        ("", b"gzip", False),
        ("", b"identity", True),
        ("*", b"gzip", False),
    ],
)
def test_accepted_codings(accept: str, coding: bytes, taken: bool) -> None:
    assert accepts(accept, ((b"Content-Encoding", coding),)) is taken


def test_bodies_without_a_coding_are_always_accepted() -> None:
    assert accepts("", ())


def test_original_fields_have_another_name_and_no_secrets() -> None:
    fields = (
        (b"Server", b"nginx"),
        (b"Set-Cookie", b"id=1"),
        (b"set-cookie2", b"id=1"),
        (b"Bad Name", b"x"),
        (b"X-Split", b"a\r\nSet-Cookie: b"),
        (b"", b"x"),
        (b"X-Latin", b"f\xfcr"),
    )
    assert original_fields(fields) == [
        (b"x-archive-orig-server", b"nginx"),
        (b"x-archive-orig-x-latin", b"f\xfcr"),
    ]


def test_original_fields_are_bounded() -> None:
    many = [(b"X-%d" % number, b"v" * 1000) for number in range(1000)]
    assert sum(len(value) for _, value in original_fields(many)) < 20_000


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_no_field_can_break_out(name: bytes, value: bytes) -> None:
    if is_sendable(name, value):
        assert not {b"\r", b"\n", b"\0"} & {bytes([byte]) for byte in name + value}


@pytest.mark.parametrize("raw", [True, False])
def test_archived_pages_are_sandboxed(raw: bool) -> None:
    policy = memento_policy(["http://127.0.0.1:1"], raw=raw)
    directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
    assert directives["sandbox"] == ("" if raw else "allow-same-origin")
    assert directives["script-src"] == "'none'"
    assert directives["form-action"] == "'none'"
    assert directives["default-src"] == "'self' data:"


@pytest.mark.parametrize(
    ("count", "text"),
    [(None, ""), (0, "0 B"), (999, "999 B"), (1000, "1 kB"), (1_234_567, "1.23 MB"),
     (999_600, "1 MB"), (5 * 10**15, "5e+03 TB")],
)  # fmt: skip
def test_sizes(count: int | None, text: str) -> None:
    assert size(count) == text

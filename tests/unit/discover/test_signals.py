from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.signals import file_signals, page_signals, says

US = "news-archiver"


def said(*fields: str, body: str = "") -> dict[str, tuple[str, str]]:
    headers = [tuple(part.strip().encode() for part in field.split(":", 1)) for field in fields]
    found = page_signals(headers, body.encode(), product=US)  # type: ignore[arg-type]  # pairs
    return {signal.name: (signal.value, signal.source) for signal in found}


@pytest.mark.parametrize(
    ("field", "names"),
    [
        ("X-Robots-Tag: noarchive", {"noarchive"}),
        ("x-robots-tag: NOINDEX , NoArchive", {"noindex", "noarchive"}),
        ("X-Robots-Tag: noindex", {"noindex"}),
        ("X-Robots-Tag: none", set()),
        ("X-Robots-Tag: googlebot: noarchive", set()),
        ("X-Robots-Tag: News-Archiver: noarchive", {"noarchive"}),
        ("X-Robots-Tag: unavailable_after: 25 Jun 2030 15:00:00 PST", set()),
        ("X-Robots-Tag: max-snippet: 5, noarchive", {"noarchive"}),
        ("X-Robots-Tag: noarchive, max-snippet: 5", {"noarchive"}),
        ("X-Robots: noarchive", set()),
    ],
)
def test_x_robots_tag(field: str, names: set[str]) -> None:
    assert set(said(field)) == names


@pytest.mark.parametrize(
    ("element", "names"),
    [
        ('<meta name="robots" content="noarchive">', {"noarchive"}),
        ("<META CONTENT='noindex,noarchive' NAME=ROBOTS />", {"noindex", "noarchive"}),
        ("<meta name=robots content=noindex>", {"noindex"}),
        ('<meta name="news-archiver" content="noarchive">', {"noarchive"}),
        ('<meta name="googlebot" content="noarchive">', set()),
        ('<meta name="description" content="noarchive">', set()),
        ('<meta title="a > b" name="robots" content="noarchive">', {"noarchive"}),
        ('<meta name="robots">', set()),
        ('<meta name="robots" content="noarchive', set()),
    ],
)
def test_meta_robots(element: str, names: set[str]) -> None:
    assert set(said(body=f"<html><head>{element}</head>")) == names


@pytest.mark.parametrize(
    ("before", "read"),
    [
        ("<meta charset=utf-8>" * 499, True),
        ("<meta charset=utf-8>" * 500, False),
        ("<p>" * 80_000, True),
        ("<p>" * 90_000, False),
        ("<title>A</title></head>", False),
    ],
)
def test_only_the_start_of_a_page_is_looked_at(before: str, read: bool) -> None:
    assert bool(said(body=f'{before}<meta name="robots" content="noarchive">')) is read


@pytest.mark.parametrize(("padding", "read"), [(4000, True), (4100, False)])
def test_an_endless_element_is_none(padding: int, read: bool) -> None:
    element = f'<meta title="{"x" * padding}" name="robots" content="noarchive">'
    assert bool(said(body=element)) is read


def test_a_hosts_file_without_end_is_read_in_part() -> None:
    entry = {"location": "/", "tdm-policy": "p" * 3000}
    late = {"location": "/a", "tdm-policy": "q"}
    for others, policy in ((9_998, "q"), (9_999, "p" * 2000)):
        text = json.dumps([entry, *([5] * others), late])
        assert [s.value for s in file_signals(text, "https://a.example/a")] == [policy]


def test_a_reservation_stands_in_the_page_before_its_head() -> None:
    meta = '<meta name="tdm-reservation" content="0"><meta name="tdm-policy" content="/p?a&amp;b">'
    both = said("TDM-Reservation: 1", body=meta)
    assert both == {"tdm-reservation": ("0", "meta"), "tdm-policy": ("/p?a&b", "meta")}
    assert said("TDM-Reservation: 1") == {"tdm-reservation": ("1", "header")}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("/", "0"),
        ("/news/a", "1"),
        ("/news/open/a", "0"),
        ("/a/b.pdf", "1"),
        ("/a/b.pdf?c", "0"),
        ("/x1y2z", "1"),
        ("/x1y2zz", "1"),
        ("/x1y2zq", "0"),
    ],
)
def test_a_hosts_file(path: str, value: str) -> None:
    entries = [
        {"location": "/", "tdm-reservation": 0},
        {"location": "/news", "tdm-reservation": 1, "tdm-policy": "https://a.example/p"},
        {"location": "/news/open/", "tdm-reservation": 0},
        {"location": "/*.pdf$", "tdm-reservation": 1},
        {"location": "/x*y*z$", "tdm-reservation": 1},
        {"location": "/n", "tdm-reservation": 0},  # shorter than one before
        {"location": 5},
        "nonsense",
    ]
    found = file_signals(json.dumps(entries), f"https://a.example{path}")
    assert [s.value for s in found if s.name == "tdm-reservation"] == [value]
    assert says(found, "tdm-reservation") is (value == "1")


@pytest.mark.parametrize("text", ["", "<html>", "{}", "[1, null]", "[" * 100_000, '"' * 9])
def test_what_is_no_such_file_says_nothing(text: str) -> None:
    assert file_signals(text, "https://a.example/") == ()


@given(st.binary(max_size=400), st.text(max_size=60))
def test_whatever_stands_there_is_read(body: bytes, text: str) -> None:
    for signal in page_signals([(b"x-robots-tag", body)], b"<meta " + body, product=US):
        assert signal.name in ("noarchive", "noindex", "tdm-reservation", "tdm-policy")
    file_signals(text, "https://a.example/a")


@pytest.mark.parametrize(
    "body",
    [b"<meta " * 60_000, b"<meta a" * 40_000, b'<meta x="' * 30_000, b"<meta " + b"a" * 300_000],
)
def test_hostile_pages_take_no_time(body: bytes) -> None:
    """Each would take minutes if a pattern went back over what it has read."""
    assert page_signals([], body, product=US) == ()

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.discover.requisites import MAX_REQUISITES, page_requisites, style_requisites

URL = "http://news.example/a/story"
HTML = "text/html; charset=utf-8"


def found(markup: str) -> list[str]:
    return [
        url.removeprefix("http://news.example")
        for url in page_requisites(markup.encode(), url=URL, content_type=HTML)
    ]


@pytest.mark.parametrize(
    ("markup", "expected"),
    [
        ('<link rel="stylesheet" href="/s.css">', ["/s.css"]),
        ('<link rel="Shortcut ICON" href="/i.png">', ["/i.png"]),
        ('<link rel="alternate" href="/feed"><link rel="canonical" href="/a">', []),
        ('<link rel="preload" as="font" href="/f.woff2">', []),
        ('<img src="p.jpg" alt="">', ["/a/p.jpg"]),
        ('<base href="/b/"><img src="p.jpg">', ["/b/p.jpg"]),
        ('<img src="/s.jpg" srcset="/m.jpg 480w, /l.jpg 960w, /k.jpg 10w">', ["/s.jpg", "/l.jpg"]),
        ('<img srcset="/one.jpg, /two.jpg 2x">', ["/two.jpg"]),
        ('<picture><source srcset="/w.webp 1x"><img src="/p.jpg">', ["/w.webp", "/p.jpg"]),
        ('<img srcset="/odd.jpg 1.2.3x, /q.jpg ...w">', ["/odd.jpg"]),
        ('<video poster="/v.jpg" src="/film.mp4">', ["/v.jpg"]),
        ("<style>@import '/i.css'; a{background:url( \"/b.png\" )}</style>", ["/i.css", "/b.png"]),
        ("<p style=\"background: URL('/c.png')\">", ["/c.png"]),
        ('<script src="/s.js"></script><iframe src="/f"></iframe>', []),
        ('<img src="data:image/gif;base64,AA"><img src=""><img src="javascript:x">', []),
        ('<img src="/p.jpg"><img src="/p.jpg#x"><img src="/p.jpg?utm_source=a">', ["/p.jpg"]),
        ("", []),
    ],
)  # fmt: skip
def test_what_a_page_needs(markup: str, expected: list[str]) -> None:
    assert sorted(found(markup)) == sorted(expected)


def test_pictures_alone() -> None:
    markup = (
        "<link rel=stylesheet href=/s.css><link rel=icon href=/i.ico>"
        "<style>p{background:url(/b.png)}</style>"
        '<img src=/p.jpg srcset="/l.jpg 900w"><video poster=/v.jpg></video>'
        '<body background=/w.png><p style="background:url(/c.png)">'
    )
    found = page_requisites(markup.encode(), url=URL, content_type=HTML, pictures_only=True)
    assert [one.rpartition("/")[2] for one in found] == ["p.jpg", "l.jpg", "v.jpg"]


def test_a_style_sheet_names_others_relative_to_itself() -> None:
    css = b"@import url(base.css);\n@font-face{src:url('../f.woff2')} a{background:url(data:x)}"
    assert style_requisites(css, url="http://cdn.example/css/a.css") == (
        "http://cdn.example/css/base.css",
        "http://cdn.example/f.woff2",
    )


def test_a_page_of_a_thousand_pictures_costs_no_thousand_requests() -> None:
    assert len(found("".join(f'<img src="/{n}.jpg">' for n in range(1000)))) == MAX_REQUISITES


def test_a_tag_with_thousands_of_attributes_is_passed_over() -> None:
    """It would keep libxml2 busy for minutes, in the crawl's own process."""
    monster = "<p " + " ".join(f"a{n}=1" for n in range(100_000)) + ">"
    assert found(monster + '<img src="/p.jpg">') == ["/p.jpg"]


@given(st.binary(max_size=400))
def test_anything_is_no_exception(body: bytes) -> None:
    page_requisites(b"<img srcset='" + body, url=URL, content_type=HTML)
    style_requisites(b"url(" + body, url=URL)

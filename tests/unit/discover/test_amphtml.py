from __future__ import annotations

import pytest

from archiver.discover.amphtml import amp_address

PAGE = "https://news.example/world/rain"


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ('<link rel="amphtml" href="/amp/rain">', "https://news.example/amp/rain"),
        ("<link href=rain/amp#x rel=amphtml>", "https://news.example/world/rain/amp"),
        ("<LINK HREF='https://amp.news.example/1?a=1&amp;b=2' REL='amphtml'>",
         "https://amp.news.example/1?a=1&b=2"),
        ('<link rel="canonical" href="/x"><link rel="amphtml" href="/y">', "https://news.example/y"),
        ('<link rel="canonical" href="/amphtml">', None),
        ('<link rel="amphtml" href="">', None),
        ('<link rel="amphtml" href="javascript:1">', None),
        ('<p>amphtml', None),
        ('', None),
        ("x" * 300_000 + '<link rel="amphtml" href="/late">', None),
    ],
)  # fmt: skip
def test_the_address_of_a_pages_amp_form(html: str, expected: str | None) -> None:
    assert amp_address(html.encode(), url=PAGE) == expected


def test_a_head_made_to_be_slow_is_not() -> None:
    """Each would be looked through again and again by a pattern that backtracks."""
    for piece in (b"<link rel=", b"<link rel='amphtml ", b'<link href="', b"rel=amphtml "):
        assert amp_address(piece * 30_000, url=PAGE) is None

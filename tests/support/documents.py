"""Small pages as Documents, for tests of single rules."""

from __future__ import annotations

from archiver.extract.document import Document, read_document


def document(
    head: str = "",
    body: str = "<p>x</p>",
    *,
    url: str = "https://news.example/w/a",
    attributes: str = "",
) -> Document:
    """A page of a head and a body; `attributes` are those of its html element."""
    page = f"<html {attributes}><head>{head}</head><body>{body}</body></html>"
    found = read_document(page.encode(), url=url, content_type="text/html; charset=utf-8")
    assert found is not None
    return found


def json_ld(text: str) -> str:
    """A script element with structured data."""
    return f'<script type="application/ld+json">{text}</script>'

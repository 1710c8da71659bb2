"""Where a page says that its AMP form stands."""

from __future__ import annotations

import html
import re

from archiver.discover.listing import join_url
from archiver.urls import canonical_url

_HEAD = 256 * 1024  # bytes; the link stands in the page's head
_LINK = re.compile(rb"<link\b[^<>]{0,2000}>", re.IGNORECASE)
_REL = re.compile(rb"""\brel\s*=\s*["']?[^"'>]*\bamphtml\b""", re.IGNORECASE)
_HREF = re.compile(rb"""\bhref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)


def amp_address(body: bytes, *, url: str) -> str | None:
    """The canonical URL of `<link rel=amphtml>` in a page's head; None where there is none.

    A search in the bytes, not a parse: most pages have no such link, and all are looked at.
    """
    if body.find(b"amphtml", 0, _HEAD) < 0:
        return None
    for link in _LINK.finditer(body, 0, _HEAD):
        href = _HREF.search(link[0]) if _REL.search(link[0]) else None
        if href:
            text = next(filter(None, href.groups()), b"").decode("utf-8", "replace")
            joined = join_url(url, html.unescape(text)) if text.strip() else None
            return canonical_url(joined) if joined else None
    return None
